/** What the recorder is measured on, and which paths must stand in its record afterwards. Data only. */
import { createHash } from 'node:crypto';

export interface Work {
  id: string;
  title: string;
  target: number;
  /** Python; makes both roots as the work needs them, whatever was there before */
  prepare: string;
  /** Python */
  work: string;
  /** kind of access and place, of the preparation and of the work */
  prepared: string[];
  worked: string[];
}

const EMPTY = "subprocess.run(['sh', '-c', 'rm -rf /workspace/* /workspace/.git'], check=True)";
const numbers = (count: number) => [...Array(count).keys()];

/** Name of the object in which git keeps the file of number n. */
function objectOf(n: number): string {
  const content = String(n).repeat(50);
  const sum = createHash('sha1').update(`blob ${content.length}\0${content}`).digest('hex');
  return `/workspace/.git/objects/${sum.slice(0, 2)}/${sum.slice(2)}`;
}

export const WORKS: Work[] = [
  {
    id: 'B2',
    title: 'reading 8,000 files',
    target: 1.03,
    prepare: `
${EMPTY}
for n in range(8000):
    with open(f'/workspace/{n}', 'w') as f: f.write(str(n))
`,
    work: `
for n in range(8000):
    with open(f'/workspace/{n}') as f: f.read()
`,
    prepared: numbers(8000).map((n) => `create /workspace/${n}`),
    worked: [],
  },
  {
    id: 'B3',
    title: 'unpacking and deleting 3,000 files',
    target: 1.3,
    prepare: `
${EMPTY}
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
    prepared: ['create /artifacts/a.tar'],
    worked: numbers(3000).flatMap((n) => [
      `create /workspace/d${n % 30}/${n}`,
      `delete /workspace/d${n % 30}/${n}`,
    ]),
  },
  {
    id: 'B4',
    title: 'git add and git commit of 3,000 files',
    target: 1.3,
    prepare: `
${EMPTY}
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
    prepared: numbers(3000).map((n) => `create /workspace/d${n % 30}/${n}`),
    worked: numbers(3000).map((n) => `named ${objectOf(n)}`),
  },
];
