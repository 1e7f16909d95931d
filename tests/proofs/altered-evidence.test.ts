import { cpSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { inventory } from '../../src/evidence/inventory.ts';
import { type Evaluation, evaluate } from '../../src/proofs/index.ts';
import type { RunDocument } from '../../src/schema/run.ts';
import { loadEvidence } from '../../src/verdict/load.ts';
import { type Bundle, run, scratch } from '../integration/product.ts';

const space = await scratch();
afterAll(() => space.remove());

let bundle: Bundle;
let facts: RunDocument;
beforeAll(async () => {
  bundle = await run(space.dir, ['py-interval']);
  facts = await bundle.json<RunDocument>('run.json');
});

/** Evaluates a copy of the passing bundle after `alter` had its way with it; all digests are made anew. */
async function verdictAfter(
  alter: (dir: string) => void,
  changed: Partial<RunDocument> = {},
): Promise<Evaluation> {
  const dir = mkdtempSync(join(space.dir, 'altered-'));
  cpSync(bundle.artifacts, dir, { recursive: true });
  alter(dir);
  if (Object.keys(changed).length > 0)
    writeFileSync(join(dir, 'run.json'), JSON.stringify({ ...facts, ...changed }));
  const evidence = await loadEvidence(dir, await inventory(dir));
  rmSync(dir, { recursive: true });
  return evaluate(evidence);
}

const DOCUMENTS = [
  'cage.json',
  'contract.json',
  'events.normalized.jsonl',
  'trees.json',
  'forbidden.json',
  'writes.jsonl',
  'processes.jsonl',
  'watch.jsonl',
  'patch.diff',
  'sbom.cdx.json',
  'test.log',
  'backend/stdout.log',
  'backend/stderr.log',
];
const LINES = ['events.normalized.jsonl', 'writes.jsonl', 'processes.jsonl', 'watch.jsonl'];

const editLines = (name: string, edit: (lines: string[]) => string[]) => (dir: string) => {
  const lines = readFileSync(join(dir, name), 'utf8').trimEnd().split('\n');
  writeFileSync(join(dir, name), `${edit(lines).join('\n')}\n`);
};

/** Sets the value at a JSON pointer. */
const set = (name: string, pointer: string, value: unknown) => (dir: string) => {
  const path = join(dir, name);
  const document = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
  const keys = pointer.slice(1).split('/');
  const last = keys.pop() ?? '';
  let at: Record<string, unknown> = document;
  for (const key of keys) at = at[key] as Record<string, unknown>;
  if (!(last in at)) throw new Error(`${name} has no ${pointer}`);
  at[last] = value;
  writeFileSync(path, JSON.stringify(document));
};

/** Sets the value at one JSON pointer to that of another. */
const moved = (name: string, from: string, to: string) => (dir: string) => {
  let value: unknown = JSON.parse(readFileSync(join(dir, name), 'utf8'));
  for (const key of from.slice(1).split('/')) value = (value as Record<string, unknown>)[key];
  if (value === undefined) throw new Error(`${name} has no ${from}`);
  set(name, to, value)(dir);
};

test('the control: the bundle as it is passes', async () => {
  const verdict = await verdictAfter(() => undefined);
  expect(verdict.blockers).toEqual([]);
  expect(verdict.status).toBe('passed');
});

describe('P8: evidence that is missing, cut or altered never passes', () => {
  test.each(DOCUMENTS)('%s removed', async (name) => {
    expect((await verdictAfter((dir) => rmSync(join(dir, name)))).status).toBe('failed');
  });

  test.each(DOCUMENTS.filter((name) => !/log$/.test(name)))('%s emptied', async (name) => {
    expect((await verdictAfter((dir) => truncateSync(join(dir, name), 0))).status).toBe('failed');
  });

  test.each(DOCUMENTS.filter((name) => /json/.test(name)))('%s cut in half', async (name) => {
    const cut = (dir: string) => {
      const text = readFileSync(join(dir, name));
      writeFileSync(join(dir, name), text.subarray(0, text.length / 2));
    };
    expect((await verdictAfter(cut)).status).toBe('failed');
  });

  test.each(LINES)('%s without its first line', async (name) => {
    expect((await verdictAfter(editLines(name, (lines) => lines.slice(1)))).status).toBe('failed');
  });
  test.each(LINES)('%s without its last line', async (name) => {
    expect((await verdictAfter(editLines(name, (lines) => lines.slice(0, -1)))).status).toBe('failed');
  });
  test.each(LINES)('%s with a line twice', async (name) => {
    expect((await verdictAfter(editLines(name, (lines) => [...lines, lines.at(-1) ?? '']))).status).toBe(
      'failed',
    );
  });
  test.each(LINES)('%s with two lines swapped', async (name) => {
    expect((await verdictAfter(editLines(name, ([a = '', b = '', ...rest]) => [b, a, ...rest]))).status).toBe(
      'failed',
    );
  });
  test.each([...LINES, 'cage.json', 'contract.json', 'trees.json', 'forbidden.json'])(
    '%s of another run',
    async (name) => {
      const other = (dir: string) => {
        const text = readFileSync(join(dir, name), 'utf8').replaceAll(facts.nonce, '0'.repeat(32));
        writeFileSync(join(dir, name), text);
      };
      expect((await verdictAfter(other)).status).toBe('failed');
    },
  );
});

const ALTERED: [proof: string, what: string, alter: (dir: string) => void][] = [
  [
    'freshness',
    'the bill of materials of another run',
    set('sbom.cdx.json', '/metadata/properties/0/value', '0'.repeat(32)),
  ],
  [
    'freshness',
    'the bill of materials of another image',
    set('sbom.cdx.json', '/metadata/component/version', 'sha256:0'),
  ],
  ['freshness', 'a bill of materials with nothing in it', set('sbom.cdx.json', '/components', [])],
  [
    'cage_mounts',
    'a third bind in the answer',
    set('cage.json', '/engine/inspect_created/HostConfig/Binds', ['/a:/workspace', '/b:/artifacts', '/c:/c']),
  ],
  ['cage_mounts', 'a mount table that PID 1 could not read', set('cage.json', '/engine/seen/mountinfo', '')],
  [
    'cage_mounts',
    'a writable root in the answer',
    set('cage.json', '/engine/inspect_exited/HostConfig/ReadonlyRootfs', false),
  ],
  ['cage_mounts', 'a test cage that nobody looked at', set('cage.json', '/verification/after/seen', null)],
  ['cage_privileges', 'no status from inside', set('cage.json', '/engine/seen/status', '')],
  ['cage_privileges', 'another user', set('cage.json', '/engine/seen/uid', 0)],
  [
    'cage_privileges',
    'a network interface',
    set('cage.json', '/engine/seen/net_dev', 'Inter-| Receive\n face |bytes\n    lo: 0 0\n  eth0: 0 0\n'),
  ],
  [
    'cage_privileges',
    'a namespace of the host',
    (dir) => set('cage.json', '/engine/seen/namespaces/pid', facts.host_namespaces.pid)(dir),
  ],
  ['recorder_coverage', 'no last frame', set('cage.json', '/engine/end', null)],
  ['recorder_coverage', 'a stream that broke', set('cage.json', '/engine/stream/complete', false)],
  [
    'recorder_coverage',
    'a notification nobody answered',
    set('cage.json', '/engine/end/notifications/answered', 0),
  ],
  [
    'recorder_coverage',
    'an identifier of the kernel that nobody received',
    set('cage.json', '/engine/end/notifications/kernel_last_id', '18446744073709551615'),
  ],
  [
    'recorder_coverage',
    'a call that the self test missed',
    set('cage.json', '/engine/seen/self_test/missing', ['openat']),
  ],
  ['recorder_coverage', 'one record more than there are lines', set('cage.json', '/engine/end/records', 99)],
  [
    'allowed_writes',
    'an allowed write outside the roots',
    editLines('writes.jsonl', (lines) =>
      lines.map((line) => line.replace(/"resolved":"[^"]*"/, '"resolved":"/etc/passwd"')),
    ),
  ],
  [
    'allowed_writes',
    'a path that climbs out of the root',
    editLines('writes.jsonl', (lines) =>
      lines.map((line) => line.replace(/"resolved":"[^"]*"/, '"resolved":"/workspace/../etc/passwd"')),
    ),
  ],
  [
    'witnesses_agree',
    'a change that no attempt explains',
    set('trees.json', '/after/entries/3/digest', `sha256:${'0'.repeat(64)}`),
  ],
  ['witnesses_agree', 'a tree that was not read whole', set('trees.json', '/after/truncated', true)],
  [
    'witnesses_agree',
    'an error of the watcher',
    editLines('watch.jsonl', (lines) =>
      lines.map((line, i) => (i === 1 ? line.replace(/"event":"[a-zA-Z]+"/, '"event":"error"') : line)),
    ),
  ],
  [
    'witnesses_agree',
    'a watcher that was ready only when the engine had begun',
    editLines('watch.jsonl', ([ready = '', ...others]) => {
      const late = others.map((line) => (JSON.parse(line) as { t_ms: number }).t_ms)[0] ?? 0;
      return [JSON.stringify({ ...(JSON.parse(ready) as object), t_ms: late }), ...others];
    }),
  ],
  [
    'witnesses_agree',
    'an engine that was told to begin when its container was made',
    moved('cage.json', '/engine/created_at', '/engine/begun_at'),
  ],
  [
    'freshness',
    'an engine that ended by itself and was never told to begin',
    set('cage.json', '/engine/begun_at', null),
  ],
  [
    'freshness',
    'another container in the answer',
    set('cage.json', '/engine/inspect_exited/Id', 'f'.repeat(64)),
  ],
  ['artifacts', 'logs that were cut', set('cage.json', '/engine/stream/complete', false)],
  [
    'freshness',
    'tests on the result that were told to begin before the engine was gone',
    moved('cage.json', '/engine/started_at', '/verification/after/begun_at'),
  ],
  [
    'freshness',
    'an engine whose container ended after the tests had begun, by the word of the container engine alone',
    moved('cage.json', '/verification/after/finished_at', '/engine/inspect_exited/State/FinishedAt'),
  ],
  ['freshness', 'another image', set('cage.json', '/engine/image/digest', `sha256:${'1'.repeat(64)}`)],
  [
    'events',
    'an event that the contract requires, renamed',
    editLines('events.normalized.jsonl', (lines) =>
      lines.map((line) => line.replace('plan.updated', 'engine.plan')),
    ),
  ],
  ['limits', 'an exit code that is not 0', set('cage.json', '/engine/exit/exit_code', 3)],
  ['limits', 'the daemon telling another end', set('cage.json', '/engine/inspect_exited/State/ExitCode', 7)],
  ['limits', 'a process that the kernel killed for memory', set('cage.json', '/engine/exit/oom_kills', 1)],
  [
    'changes_allowed',
    'a contract that allows something else',
    set('contract.json', '/allowed_files', ['docs/**']),
  ],
  ['tests', 'a contract without a test command', set('contract.json', '/test_command', null)],
];

describe('P8: each proof fails when what it rests on says something else', () => {
  test.each(ALTERED)('%s: %s', async (proof, _, alter) => {
    const verdict = await verdictAfter(alter);
    expect(verdict.status).toBe('failed');
    expect(verdict.proofs.find((one) => one.id === proof)?.status).toBe('failed');
    expect(verdict.blockers.length).toBeGreaterThan(0);
  });

  test.each([
    ['artifacts', 'something forged', { forged: ['report.json'] }],
    ['cage_privileges', 'no namespaces of the host', { host_namespaces: {} }],
    ['cage_mounts', 'other folders', { binds: { workspace: '/elsewhere', artifacts: '/elsewhere' } }],
    ['freshness', 'files whose times nobody noted', { file_times: {} }],
    ['freshness', 'an artifact folder that was not empty', { artifact_dir_was_empty: false }],
    ['freshness', 'a run that began after its container', { started_at: '2099-01-01T00:00:00.000Z' }],
    ['freshness', 'a wall clock that was stepped', { wall_ms: 3_600_000 }],
    ['limits', 'an interruption', { interrupted: true }],
  ] satisfies [string, string, Partial<RunDocument>][])('%s: %s', async (proof, _, changed) => {
    const verdict = await verdictAfter(() => undefined, changed);
    expect(verdict.status).not.toBe('passed');
    expect(verdict.proofs.find((one) => one.id === proof)?.status).toBe('failed');
  });
});

test('R4: a closed gate with a container behind it has failed, and is not called blocked', async () => {
  const verdict = await verdictAfter(set('contract.json', '/engine/name', 'case'));
  expect(verdict.status).toBe('failed');
  expect(verdict.blockers.map(({ code }) => code)).toContain('case_disabled');
  expect(verdict.proofs.filter(({ status }) => status === 'not_applicable')).toHaveLength(2);
});
