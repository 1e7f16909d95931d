/**
 * B5: digests of a large workspace before and after, and the patch between them, against find, sha256sum and git diff.
 * The peak of our process is read from /proc; it and the growth over three sizes may void the figures.
 */
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { PACKAGE_ROOT } from '#src/package-root.ts';
import { type Measure, timed } from '../measure.ts';
import { exponent } from '../stats.ts';

/** The design's hundred thousand, fewer where somebody is in a hurry. */
const FILES = Number(process.env.PROOFBOX_BENCH_FILES ?? 100_000);
const BYTES_EACH = Math.round(2 ** 30 / 100_000);
const MAX_MEMORY_KIB = 300 << 10;
/** More than this is no longer linear, by more than the noise of one run a size. */
const MAX_EXPONENT = 1.2;

/** One file in a hundred is altered. */
const MAKE = `
import os, sys
root, files, size = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
for side in ('before', 'after'):
    for n in range(files):
        folder = f'{root}/{side}/d{n % 1000:03d}'
        if n < 1000: os.makedirs(folder, exist_ok=True)
        line = (f'{n:08d} ' + 'abcdefghijklmnopqrstuvwxyz ' * 2 + '\\n').encode()
        text = (line * (size // len(line) + 1))[:size]
        if side == 'after' and n % 100 == 0: text = text[:100] + b'altered\\n' + text[100:]
        with open(f'{folder}/f{n}.txt', 'wb') as f: f.write(text)
`;

/** What a run does between its two looks at a workspace, in a process of its own. */
const OURS = `
import { readFileSync } from 'node:fs';
const [root, out] = process.argv.slice(1);
const { digestTree } = await import(${JSON.stringify(join(PACKAGE_ROOT, 'dist/witness/tree.js'))});
const { makePatch } = await import(${JSON.stringify(join(PACKAGE_ROOT, 'dist/workspace/patch.js'))});
const all = { maxEntries: 10_000_000, maxBytes: 2 ** 40 };
const trees = { before: await digestTree(root + '/before', all), after: await digestTree(root + '/after', all) };
const patch = await makePatch({
  before: root + '/before', after: root + '/after', leaveOut: [], maxBytes: 2 ** 40,
  scratch: out + '.scratch', out, trees,
});
const peak = /VmHWM:\\s*([0-9]+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1];
console.log(JSON.stringify({ files: patch.files, problem: patch.problem, peak_kib: Number(peak) }));
`;

const PEER = `
for side in before after; do (cd $1/$side && find . -type f -print0 | xargs -0 -P2 sha256sum >/dev/null); done
git diff --no-index --no-renames --binary $1/before $1/after >$1/peer.diff; test $? -le 1
`;

export const TREES_MEASURE: Measure = {
  id: 'B5',
  title: `digests before and after and the patch of ${FILES} files, against find, sha256sum twice and git diff`,
  target: 1,
  unit: 's',
  note: '10 KiB a file in 1,000 folders, one in a hundred altered; void above 300 MiB or where the cost does not grow linearly',
  async prepare(folder) {
    const root = join(folder, 'b5');
    const sizes = [FILES / 10, FILES / 3, FILES].map(Math.round);
    for (const size of sizes) {
      await mkdir(join(root, String(size)), { recursive: true });
      await execa('python3', ['-c', MAKE, join(root, String(size)), String(size), String(BYTES_EACH)]);
    }
    const problems = new Set<string>();
    const peaks = new Map<number, number>();
    const take = async (size: number) => {
      const out = join(root, 'ours.diff');
      await rm(out, { force: true });
      return timed(async () => {
        const args = ['--input-type=module', '-e', OURS, join(root, String(size)), out];
        const said = JSON.parse((await execa('node', args)).stdout);
        if (said.problem !== null || said.files !== Math.ceil(size / 100))
          problems.add(`the patch has ${said.files} files: ${said.problem}`);
        peaks.set(size, Math.max(peaks.get(size) ?? 0, said.peak_kib));
        if (said.peak_kib > MAX_MEMORY_KIB) problems.add(`it took ${said.peak_kib >> 10} MiB`);
      });
    };
    return {
      ways: [
        { name: 'digests and patch', once: () => take(FILES) },
        {
          name: 'find, sha256sum, git diff',
          once: () => timed(() => execa('sh', ['-c', PEER, 'sh', join(root, String(FILES))])),
        },
      ],
      problem: () => (problems.size === 0 ? null : [...problems].join('; ')),
      async remove() {
        await rm(root, { recursive: true, force: true });
      },
      async after() {
        const points: { size: number; cost: number }[] = [];
        for (const size of sizes)
          points.push({ size, cost: Math.min(await take(size), await take(size), await take(size)) });
        const slope = exponent(points);
        if (slope > MAX_EXPONENT)
          problems.add(`the cost grows with the power ${slope.toFixed(2)} of the size`);
        const memory = [...peaks].map(([size, kib]) => `${size} files ${kib >> 10} MiB`).join(', ');
        const costs = points.map(({ size, cost }) => `${size} files ${cost.toFixed(2)} s`).join(', ');
        process.stderr.write(`B5   exponent ${slope.toFixed(2)} (${costs}); peak ${memory}\n`);
      },
    };
  },
};
