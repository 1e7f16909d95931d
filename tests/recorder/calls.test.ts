import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PACKAGE_ROOT } from '../../src/package-root.ts';
import type { WriteRecord } from '../../src/schema/recorder.ts';
import { type Bundle, run, scratch } from '../integration/product.ts';

const FIXTURE = join(PACKAGE_ROOT, 'tests/recorder/fixture');
const space = await scratch();
afterAll(() => space.remove());

type Expectation = [
  syscall: string,
  access: string,
  resolved: string,
  resolved2: string | null,
  root: string,
  verdict: string,
  errno: string | null,
];

describe('every system call of the table, raw, inside and outside the roots', () => {
  let bundle: Bundle;
  let records: WriteRecord[];
  beforeAll(async () => {
    bundle = await run(space.dir, [FIXTURE, '--engine', 'command', '--', 'python3', '-I', 'calls.py']);
    records = await bundle.writes();
  });

  test('R8: exactly the attempts that were made are recorded, each with path, root and verdict; plain reads are not', async () => {
    expect(await bundle.read('backend/stderr.log')).toBe('');
    const expected = await bundle.json<Expectation[]>('backend/stdout.log');
    const seen = records.map(
      (r): Expectation => [
        r.syscall,
        r.access,
        r.resolved,
        r.access === 'link' ? (r.resolved2 ?? null) : (r.resolved2 ?? null),
        r.root,
        r.verdict,
        r.errno ?? null,
      ],
    );
    expect(seen).toEqual(expected);
    expect(expected.length).toBeGreaterThan(100);
  });

  test('R8: sequence numbers run from 1 without a gap and the recorder accounts for every stopped call', () => {
    expect(records.map((record) => record.seq)).toEqual(records.map((_, index) => index + 1));
    expect(bundle.report.recorder.coverage).toBe('complete');
  });

  test('every call of the table is either stopped here or refused by the profile of the container engine', async () => {
    const selfTest = (await bundle.cage()).engine?.seen?.self_test;
    expect(selfTest?.missing).toEqual([]);
    expect(selfTest?.read_passes).toBe(true);
    const shadowed = Object.entries(selfTest?.shadowed ?? {});
    for (const [name, errno] of shadowed) expect(['EPERM', 'ENOSYS', 'EACCES'], name).toContain(errno);
    const recorded = new Set(records.map((record) => record.syscall));
    const exempt = new Set(['execve', 'execveat', ...shadowed.map(([name]) => name), 'mq_unlink']);
    expect((selfTest?.notified ?? []).filter((name) => !recorded.has(name) && !exempt.has(name))).toEqual([]);
  });
});
