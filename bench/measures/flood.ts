/**
 * B7: an engine that prints 1 GiB and makes 100,000 write attempts, against the same program in a plain container whose
 * output is read. What is lost below the caps, or a harness that takes more than its memory, voids the figure.
 */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Measure, timed } from '../measure.ts';
import { image, MAIN } from '../peers.ts';

/** The design's sizes, less where somebody is in a hurry. */
const BYTES = Number(process.env.PROOFBOX_BENCH_BYTES ?? 2 ** 30);
const ATTEMPTS = Number(process.env.PROOFBOX_BENCH_ATTEMPTS ?? 100_000);
const MAX_MEMORY_KIB = 300 << 10;

const WORK = `
import sys
for n in range(${ATTEMPTS}): open(f'/workspace/{n % 100}', 'w').close()
line = 'x' * 1023 + '\\n'
for n in range(${Math.floor(BYTES / 1024)}): sys.stdout.write(line)
`;

/** Words of the command line for a run of that engine; its bundle is what B8 verifies. */
export function floodRun(out: string): string[] {
  const limits = ['--max-output', String(4 * BYTES)];
  const engine = ['--engine', 'command', '--', 'python3', '-c', WORK];
  return ['run', 'py-interval', '--quiet', ...limits, '--out', out, ...engine];
}

/** What it does, in a few words. */
export const FLOOD = `${BYTES >> 20} MiB of output and ${ATTEMPTS} write attempts`;

/** Runs to its end and gives the largest memory it ever had, in KiB, as the kernel counts it. */
async function peakOf(args: string[], cwd: string): Promise<number> {
  const child = execFile('node', args, { cwd });
  let peak = 0;
  const look = setInterval(async () => {
    const status = await readFile(`/proc/${child.pid}/status`, 'utf8').catch(() => '');
    peak = Math.max(peak, Number(/VmHWM:\s*([0-9]+)/.exec(status)?.[1] ?? 0));
  }, 50);
  await once(child, 'close');
  clearInterval(look);
  return peak;
}

export const FLOOD_MEASURE: Measure = {
  id: 'B7',
  title: `an engine that prints ${BYTES >> 20} MiB and makes ${ATTEMPTS} write attempts, against docker run`,
  target: 10,
  unit: 's',
  note: 'the design asks that it completes in 300 MiB and loses nothing; the ratio is for comparison only',
  async prepare(folder) {
    const reference = await image();
    const problems = new Set<string>();
    let peak = 0;
    return {
      ways: [
        {
          name: 'proofbox run',
          async once(round) {
            const out = join(folder, `b7-${round}`);
            const seconds = await timed(async () => {
              peak = Math.max(peak, await peakOf([MAIN, ...floodRun(out)], folder));
            });
            if (peak > MAX_MEMORY_KIB) problems.add(`it took ${peak >> 10} MiB`);
            const report = JSON.parse(await readFile(join(out, 'artifacts/report.json'), 'utf8'));
            if (report.recorder.coverage !== 'complete') problems.add('something was lost');
            if (report.writes.workspace.allowed < ATTEMPTS) problems.add('an attempt is not on record');
            if (report.usage.stdout_bytes !== Math.floor(BYTES / 1024) * 1024)
              problems.add('output is not whole');
            await rm(out, { recursive: true });
            return seconds;
          },
        },
        {
          name: 'docker run, output read',
          once: () =>
            timed(async () => {
              const child = spawn(
                'docker',
                [
                  ...['run', '--rm', '--network', 'none', '--log-driver', 'none', '--cap-drop', 'ALL'],
                  ...['--tmpfs', '/workspace:mode=1777', '--entrypoint', 'python3', reference, '-c', WORK],
                ],
                { stdio: ['ignore', 'pipe', 'inherit'] },
              );
              child.stdout.resume();
              await once(child, 'close');
            }),
        },
      ],
      problem: () => (problems.size === 0 ? null : [...problems].join('; ')),
      remove: async () => undefined,
      after: async () => void process.stderr.write(`B7   peak ${peak >> 10} MiB\n`),
    };
  },
};
