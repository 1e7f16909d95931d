/** B2 to B4: what the recorder costs a program that reads, writes, or does both as git does. */
import { bare, recorded, timedScript, traced } from '../inside.ts';
import type { Measure } from '../measure.ts';
import { image } from '../peers.ts';
import { straceImage } from '../strace-image.ts';

interface Work {
  id: string;
  title: string;
  target: number;
  prepare: string;
  work: string;
  /** how many lines of the record there must be at least */
  writes: number;
}

const WORKS: Work[] = [
  {
    id: 'B2',
    title: 'the recorder on reading 8,000 files',
    target: 1.03,
    prepare: `
for n in range(8000):
    with open(f'/workspace/{n}', 'w') as f: f.write(str(n))
`,
    work: `
for n in range(8000):
    with open(f'/workspace/{n}') as f: f.read()
`,
    writes: 8000,
  },
  {
    id: 'B3',
    title: 'the recorder on unpacking and deleting 3,000 files',
    target: 1.3,
    prepare: `
with tarfile.open('/artifacts/a.tar', 'w') as t:
    for n in range(3000):
        data = os.urandom(512)
        info = tarfile.TarInfo(f'd{n % 30}/{n}')
        info.size = len(data)
        t.addfile(info, io.BytesIO(data))
`,
    work: `
subprocess.run(['tar', '-xf', '/artifacts/a.tar', '-C', '/workspace'], check=True)
subprocess.run(['sh', '-c', 'rm -rf /workspace/*'], check=True)
`,
    writes: 6000,
  },
  {
    id: 'B4',
    title: 'the recorder on git add and git commit of 3,000 files',
    target: 1.3,
    prepare: `
for n in range(3000):
    os.makedirs(f'/workspace/d{n % 30}', exist_ok=True)
    with open(f'/workspace/d{n % 30}/{n}', 'w') as f: f.write(str(n) * 50)
subprocess.run(['git', 'init', '-q', '/workspace'], check=True)
for key in ('user.name', 'user.email'): subprocess.run(['git', '-C', '/workspace', 'config', key, 'bench'], check=True)
`,
    work: `
subprocess.run(['git', '-C', '/workspace', 'add', '.'], check=True)
subprocess.run(['git', '-C', '/workspace', 'commit', '-qm', 'all'], check=True)
`,
    writes: 9000,
  },
];

export const RECORDER_MEASURES: Measure[] = WORKS.map(({ id, title, target, prepare, work, writes }) => ({
  id,
  title,
  target,
  unit: 's',
  note: 'the same container without the recorder; timed inside, on tmpfs',
  async prepare() {
    const reference = await image();
    const strace = await straceImage(reference);
    const script = timedScript(prepare, work);
    let fewest = Number.POSITIVE_INFINITY;
    return {
      ways: [
        {
          name: 'recorder',
          async once() {
            const { seconds, frames } = await recorded(reference, script);
            fewest = Math.min(fewest, frames.split('"verdict":"allowed"').length - 1);
            return seconds;
          },
        },
        { name: 'nothing', once: () => bare(reference, script) },
        { name: 'strace', once: () => traced(strace.reference, script) },
      ],
      // A recorder that misses a path is out of the race.
      problem: () => (fewest >= writes ? null : `only ${fewest} writes are on record, of ${writes}`),
      remove: strace.remove,
    };
  },
}));
