/** Many runs at once and one after the other: every bundle holds, nothing of them stays. */
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import Docker from 'dockerode';
import { afterAll, describe, expect, test } from 'vitest';
import { SILENT } from '../../src/lane/progress.ts';
import { requireBothHold } from './both-verifiers.ts';
import { lane } from './lane-runner.ts';
import { type Outcome, proofbox, scratch } from './product.ts';

const space = await scratch();
afterAll(() => space.remove());
const docker = new Docker();

/** How many; the suite makes a few in a row, by hand it is worth more: PROOFBOX_ROW=500. */
const IN_A_ROW = Number(process.env.PROOFBOX_ROW ?? 12);
const AT_ONCE = 50;

async function ours(pids: readonly (number | undefined)[]): Promise<unknown[]> {
  const all = await docker.listContainers({ all: true, filters: { label: ['io.proofbox.run'] } });
  return all.filter(({ Labels }) => pids.includes(Number(Labels['io.proofbox.owner-pid'])));
}

describe('many runs', () => {
  test(`${AT_ONCE} at once, in one folder with one ledger: all pass, all verify, each is entered once`, async () => {
    const runs: Promise<Outcome>[] = [];
    for (let n = 0; n < AT_ONCE; n += 1)
      runs.push(proofbox(['run', 'py-interval', '--json'], { cwd: space.dir }));
    const outcomes = await Promise.all(runs);
    const failures = outcomes.filter(({ exitCode }) => exitCode !== 0);
    expect(failures.map(({ stdout, stderr }) => `${stderr}${stdout.slice(0, 400)}`)).toEqual([]);
    const folder = join(space.dir, 'runs');
    const names = readdirSync(folder).filter((name) => /^\d{8}T/.test(name));
    expect(names).toHaveLength(AT_ONCE);
    for (const name of names) await requireBothHold(join(folder, name), 'py-interval');
    const ledger = await proofbox(['ledger', 'verify', '--json'], { cwd: space.dir });
    expect(ledger.exitCode, ledger.stdout).toBe(0);
    const entries = readFileSync(join(folder, 'ledger.jsonl'), 'utf8').trimEnd().split('\n');
    expect(new Set(entries.map((line) => (JSON.parse(line) as { run_id: string }).run_id)).size).toBe(
      AT_ONCE,
    );
    const left = await docker.listContainers({ all: true, filters: { label: ['io.proofbox.run'] } });
    expect(left.filter(({ Labels }) => names.includes(Labels['io.proofbox.run'] ?? ''))).toEqual([]);
  }, 600_000);

  test(`${IN_A_ROW} in a row in one process: no container, descriptor, watch or memory stays`, async () => {
    const once = () => lane(space.dir, 'py-interval', { progress: SILENT });
    for (let n = 0; n < 3; n += 1) await once();
    await settle();
    const before = held();
    const children = childProcesses();
    // Both verifiers hear each of them: lane() asks.
    for (let n = 0; n < IN_A_ROW; n += 1) expect((await once()).report.status).toBe('passed');
    await settle();
    const after = held();
    expect(after.descriptors).toEqual(before.descriptors);
    expect(childProcesses()).toEqual(children);
    expect(await ours([process.pid])).toEqual([]);
    const grown = after.memory - before.memory;
    if (process.env.PROOFBOX_ROW !== undefined) console.info(`${IN_A_ROW} in a row: ${grown >> 20} MiB more`);
    // What a garbage collector has not taken yet is no leak: a run holds some tens of MB while it goes on.
    expect(grown).toBeLessThan((64 << 20) + IN_A_ROW * (1 << 17));
  }, 3_600_000);
});

/** Connections that are kept for the next call are closed after five seconds. */
const settle = () => sleep(7_000);

/** Process ids of this process's children, dead ones that nobody waited for among them. */
function childProcesses(): string[] {
  return readdirSync('/proc/self/task').flatMap((thread) => {
    const file = `/proc/self/task/${thread}/children`;
    // A thread that ended since has handed its children on.
    return existsSync(file) ? readFileSync(file, 'utf8').split(' ').filter(Boolean) : [];
  });
}

/** Open descriptors by what they are, and memory in bytes. */
function held(): { descriptors: Record<string, number>; memory: number } {
  global.gc?.();
  const descriptors: Record<string, number> = {};
  for (const fd of readdirSync('/proc/self/fd')) {
    let target: string;
    try {
      target = readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      continue;
    }
    const kind = target.replace(/\d+/g, 'N');
    descriptors[kind] = (descriptors[kind] ?? 0) + 1;
  }
  return { descriptors, memory: process.memoryUsage().rss };
}
