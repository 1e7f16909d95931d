import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import Docker from 'dockerode';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cageSpec } from '../../src/cage/spec.ts';
import { FIXTURES_DIR } from '../../src/cli/paths.ts';
import { NormalizedEvent } from '../../src/schema/event.ts';
import { Inspect } from '../../src/schema/inspect.ts';
import { type Digests, Report } from '../../src/schema/report.ts';
import { type Bundle, run, scratch } from './product.ts';

const space = await scratch();
afterAll(() => space.remove());

describe.each(['js-slugify', 'py-interval'])('the default lane on %s', (fixture) => {
  let bundle: Bundle;
  beforeAll(async () => {
    bundle = await run(space.dir, [fixture]);
  });

  test('P5 R15: passes with the fake engine and exit code 0', () => {
    expect(bundle.codes).toEqual([]);
    expect(bundle.report.status).toBe('passed');
    expect(bundle.exitCode).toBe(0);
    expect(bundle.report.proofs.filter((proof) => proof.status === 'failed')).toEqual([]);
  });

  test('R10: every artifact is there', () => {
    const names = [
      'report.json',
      'report.md',
      'events.normalized.jsonl',
      'trace.jsonl',
      'patch.diff',
      'test.log',
      'writes.jsonl',
    ];
    const more = [
      'processes.jsonl',
      'watch.jsonl',
      'cage.json',
      'contract.json',
      'digests.json',
      'backend/stdout.log',
      'backend/stderr.log',
    ];
    for (const name of [...names, ...more]) expect(existsSync(join(bundle.artifacts, name)), name).toBe(true);
  });

  test('R11: report.json keeps its schema and names backend, admission, changes, digests and freshness', () => {
    const report = Report.parse(bundle.report);
    expect(report.backend).toBe('fake');
    expect(report.case_process_started).toBe(false);
    expect(report.allowed_writes_passed).toBe(true);
    expect(report.changed_files).toHaveLength(1);
    expect(report.freshness_proof.artifact_dir_was_empty).toBe(true);
  });

  test('R10: digests.json names every file of the bundle with its sha256, and nothing else', async () => {
    const { files } = await bundle.json<Digests>('digests.json');
    const there = readdirSync(bundle.artifacts, { recursive: true, withFileTypes: true })
      .filter((entry) => !entry.isDirectory())
      .map((entry) => join(entry.parentPath, entry.name).slice(bundle.artifacts.length + 1));
    expect(Object.keys(files).sort()).toEqual(there.filter((name) => name !== 'digests.json').sort());
    for (const [name, { digest }] of Object.entries(files)) {
      const content = readFileSync(join(bundle.artifacts, name));
      expect(`sha256:${createHash('sha256').update(content).digest('hex')}`, name).toBe(digest);
    }
  });

  test('R12: the events of a pass are there in order, numbered without a gap', async () => {
    const events = (await bundle.lines<unknown>('events.normalized.jsonl')).map((line) =>
      NormalizedEvent.parse(line),
    );
    expect(events.map((event) => event.type)).toEqual([
      'run.started',
      'task.contract.created',
      'plan.updated',
      'patch.applied',
      'git.diff.checked',
      'verification.completed',
      'run.completed',
    ]);
    expect(events.map((event) => event.seq)).toEqual([1, 2, 3, 4, 5, 6, 7]);
  });

  test('R5: the patch applies to the fixture with git apply and gives the result', async () => {
    const copy = join(space.dir, `apply-${fixture}`);
    cpSync(join(FIXTURES_DIR, fixture, 'workspace'), copy, { recursive: true });
    execFileSync('git', ['apply', join(bundle.artifacts, 'patch.diff')], { cwd: copy });
    const changed = bundle.report.changed_files[0]?.path ?? '';
    const result = readFileSync(join(bundle.artifacts, '../workspace', changed), 'utf8');
    expect(readFileSync(join(copy, changed), 'utf8')).toBe(result);
  });

  test('the tests failed before the engine and pass after it, in cages of their own', async () => {
    expect(bundle.report.verification?.before?.passed).toBe(false);
    expect(bundle.report.verification?.after?.passed).toBe(true);
    const { engine, verification } = await bundle.cage();
    const ids = [engine, verification.before, verification.after].map((cage) => cage?.container_id);
    expect(new Set(ids).size).toBe(3);
  });

  test('R8: all three containers were asked for by the one literal and were what it says', async () => {
    const document = await bundle.cage();
    for (const cage of [document.engine, document.verification.before, document.verification.after]) {
      const inspect = Inspect.parse(cage?.inspect_created);
      expect(inspect.Mounts.map((mount) => mount.Destination).sort()).toEqual(['/artifacts', '/workspace']);
      expect(inspect.HostConfig).toMatchObject({
        ReadonlyRootfs: true,
        NetworkMode: 'none',
        IpcMode: 'none',
        Privileged: false,
        CapDrop: ['ALL'],
        SecurityOpt: ['no-new-privileges:true'],
        LogConfig: { Type: 'none' },
      });
      expect(Object.keys(cage?.requested ?? {}).sort()).toEqual(Object.keys(cageSpec(REQUEST)).sort());
    }
  });

  test('each line of trace.jsonl is an OTLP request whose spans lie inside the run', async () => {
    const lines = await bundle.lines<{ resourceSpans: { scopeSpans: { spans: Span[] }[] }[] }>('trace.jsonl');
    const spans = lines.flatMap((line) =>
      line.resourceSpans.flatMap((r) => r.scopeSpans.flatMap((s) => s.spans)),
    );
    const root = spans.find((span) => span.parentSpanId === undefined);
    expect(spans.length).toBeGreaterThanOrEqual(6);
    for (const span of spans) {
      expect(span.traceId).toMatch(/^[0-9a-f]{32}$/);
      expect(span.spanId).toMatch(/^[0-9a-f]{16}$/);
      expect(BigInt(span.startTimeUnixNano)).toBeGreaterThanOrEqual(BigInt(root?.startTimeUnixNano ?? 0));
      expect(BigInt(span.endTimeUnixNano)).toBeLessThanOrEqual(BigInt(root?.endTimeUnixNano ?? 0));
      if (span !== root) expect(span.parentSpanId).toBe(root?.spanId);
    }
  });

  test('nothing is left behind: no container, no spool, no second folder', async () => {
    const left = await new Docker().listContainers({
      all: true,
      filters: { label: [`io.proofbox.run=${bundle.report.run_id}`] },
    });
    expect(left).toEqual([]);
    expect(readdirSync(join(bundle.artifacts, '..')).sort()).toEqual(['artifacts', 'workspace']);
  });
});

interface Span {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  startTimeUnixNano: string;
  endTimeUnixNano: string;
}

const REQUEST = {
  role: 'engine' as const,
  runId: '',
  nonce: '',
  image: { reference: '', digest: '' },
  workspaceDir: '/w',
  artifactsDir: '/a',
  user: { uid: 1, gid: 1 },
  argv: [],
  env: {},
  limits: {
    timeout_ms: 1,
    test_timeout_ms: 1,
    memory_bytes: 1,
    cpus: 1,
    pids: 1,
    nofile: 1,
    output_bytes: 1,
    workspace_bytes: 1,
    workspace_files: 1,
  },
  record: 'writes' as const,
  allowDegraded: false,
  labels: {},
};
