/** Puts report.json together from the evidence and the evaluation. Decides nothing: the status is the proofs'. */
import { caseClaims } from '../proofs/case-outcome.ts';
import { changedFiles } from '../proofs/changes.ts';
import { DOCUMENT_FILES, type Evidence, type RootCounts } from '../proofs/evidence.ts';
import type { Evaluation } from '../proofs/index.ts';
import { testRun } from '../proofs/test-run.ts';
import type { CageDocument, CageRecord, Versions } from '../schema/cage.ts';
import { type ChangedFile, Report } from '../schema/report.ts';
import type { RunDocument } from '../schema/run.ts';
import type { TreeEntry } from '../schema/tree.ts';
import { compareWithBaseline } from './baseline.ts';

/** A bundle that lacks a document without which a report would have to invent something. */
export class Unreportable extends Error {}

const NO_COUNTS: RootCounts = {
  workspace: { allowed: 0, denied: 0 },
  artifacts: { allowed: 0, denied: 0 },
  device: { allowed: 0, denied: 0 },
  kernel: { allowed: 0, denied: 0 },
  none: { allowed: 0, denied: 0 },
};

/**
 * The report of one run, checked against its own schema. Pure: equal evidence gives an equal report.
 * @throws Unreportable where contract, cage or trees cannot be read
 */
export function assembleReport(evidence: Evidence, verdict: Evaluation): Report {
  const { run } = evidence;
  const contract = needed(evidence, 'contract');
  const document = needed(evidence, 'cage');
  const trees = needed(evidence, 'trees');
  const cage = document.engine;
  const changes = changedFiles(trees, contract);
  const writes = evidence.writes.value;
  const proofStatus = (id: string) => verdict.proofs.find((proof) => proof.id === id)?.status;
  const contractDigest = evidence.files.get(DOCUMENT_FILES.contract)?.digest;
  const report = {
    schema: 'proofbox.report/v1',
    nonce: run.nonce,
    run_id: run.run_id,
    status: verdict.status,
    stage: contract.engine.name === 'case' ? 'stage2' : 'default',
    backend: contract.engine.name,
    source_admission_status: contract.engine.name === 'case' ? 'not_admitted' : 'not_applicable',
    case_process_started: contract.engine.name === 'case' && cage?.started_at != null,
    allowed_writes_passed: proofStatus('allowed_writes') === 'passed',
    gates: run.gates,
    fixture: { id: contract.fixture.id, title: run.fixture_title, digest: contract.fixture.digest },
    contract_digest: contractDigest,
    image: run.image,
    cage: { ...cageSummary(cage, document.versions), versions: document.versions },
    recorder: {
      coverage: proofStatus('recorder_coverage') === 'passed' ? 'complete' : 'incomplete',
      ...(cage?.seen?.degraded === true ? { degraded: true } : {}),
      ...recorderCounts(cage),
    },
    writes: { ...(writes?.counts ?? NO_COUNTS), denied_paths: writes?.denied.paths ?? [] },
    changed_files: changes.files,
    engine_state: { patterns: contract.engine_state, changed: changes.engineState },
    proofs: verdict.proofs,
    blockers: verdict.blockers,
    host_problem: verdict.status === 'blocked' ? null : hostProblem(run, document),
    baseline: null,
    ...sections(evidence, changes.files, document),
    verification:
      contract.test_command === null
        ? null
        : {
            command: contract.test_command,
            before: testRun(document.verification.before),
            ...(run.tests_before === null ? {} : { before_run: run.tests_before.run_id }),
            after: testRun(document.verification.after),
          },
    usage: {
      wall_ms: run.wall_ms,
      engine_wall_ms: cage?.end?.wall_ms ?? null,
      user_ms: cage?.end?.user_ms ?? null,
      sys_ms: cage?.end?.sys_ms ?? null,
      peak_memory_bytes: cage?.end == null ? null : Math.round(cage.end.max_rss_kib * 1024),
      stdout_bytes: cage?.stream.stdout_bytes ?? 0,
      stderr_bytes: cage?.stream.stderr_bytes ?? 0,
      workspace_bytes: bytesOf(trees.after.entries),
    },
    artifact_digests: Object.fromEntries(
      [...evidence.files].flatMap(([path, file]) => (file.digest === null ? [] : [[path, file.digest]])),
    ),
    freshness_proof: {
      nonce: run.nonce,
      started_at: run.started_at,
      finished_at: run.finished_at,
      wall_ms: run.wall_ms,
      container_id: cage?.container_id ?? null,
      container_created_at: cage?.created_at ?? null,
      container_finished_at: cage?.finished_at ?? null,
      image_digest: run.image.digest,
      artifact_dir_was_empty: run.artifact_dir_was_empty,
    },
  };
  const parsed = Report.parse(report);
  if (run.baseline === null) return parsed;
  return Report.parse({ ...parsed, baseline: compareWithBaseline(run.baseline, parsed) });
}

/** What only some runs have: an engine under review, a provider. */
function sections(
  evidence: Evidence,
  changed: ChangedFile[],
  document: CageDocument,
): Pick<Report, 'candidate' | 'tools' | 'engine_claims' | 'provider'> {
  const { run, contract, provider } = evidence;
  const claims = caseClaims(evidence, {
    files: changed.map(({ path }) => path),
    testsPassed: testRun(document.verification.after)?.passed ?? null,
  });
  const traffic = provider?.value;
  return {
    ...(run.candidate === null ? {} : { candidate: run.candidate }),
    ...(run.tools === null ? {} : { tools: run.tools }),
    ...(claims === null || document.engine === null ? {} : { engine_claims: claims }),
    ...(contract.value === undefined || traffic === undefined
      ? {}
      : {
          provider: {
            ...contract.value.provider,
            requests: traffic.count,
            failures: traffic.failures.count,
            tokens: traffic.tokens,
          },
        }),
  };
}

function needed<K extends 'contract' | 'cage' | 'trees'>(
  evidence: Evidence,
  document: K,
): NonNullable<Evidence[K]['value']> {
  const { value, problem } = evidence[document];
  if (value === undefined) throw new Unreportable(`${DOCUMENT_FILES[document]}: ${problem}`);
  return value as NonNullable<Evidence[K]['value']>;
}

function bytesOf(entries: TreeEntry[]): number {
  return entries.reduce((sum, { kind, size }) => sum + (kind === 'link' ? 0 : size), 0);
}

/** An engine starts only after PID 1's first word, so that no engine can bring any of these about. */
function hostProblem({ interrupted }: RunDocument, { engine, problem }: CageDocument): string | null {
  if (interrupted) return null;
  if (engine === null) return problem;
  if (engine.seen !== null) return null;
  const said = engine.stream.recorder_stderr.trim().split('\n')[0] ?? '';
  const degrade = said.includes('no seccomp user notification')
    ? '; --allow-degraded starts the engine without the recorder, in a run that never passes'
    : '';
  return `the recorder could not start its work${said === '' ? '' : `: ${said}`}${degrade}`;
}

/** What the cage was, from what the container engine says; "unknown" where it said nothing. */
function cageSummary(cage: CageRecord | null, versions: Versions): Omit<Report['cage'], 'versions'> {
  const host =
    (cage?.inspect_created as { HostConfig?: Record<string, unknown> } | undefined)?.HostConfig ?? {};
  const mounts = (cage?.inspect_created as { Mounts?: { Destination: string }[] } | undefined)?.Mounts ?? [];
  const security = Array.isArray(host.SecurityOpt) ? (host.SecurityOpt as string[]) : [];
  const status = cage?.seen?.status ?? '';
  const fromStatus = (key: string) => new RegExp(`^${key}:\\s*(\\S+)`, 'm').exec(status)?.[1] ?? 'unknown';
  return {
    container_id: cage?.container_id ?? null,
    user: cage?.seen == null ? 'unknown' : `${cage.seen.uid}:${cage.seen.gid}`,
    network: typeof host.NetworkMode === 'string' ? host.NetworkMode : 'unknown',
    binds: mounts.map((mount) => mount.Destination).sort(),
    capabilities: fromStatus('CapBnd'),
    no_new_privileges: security.includes('no-new-privileges:true') && fromStatus('NoNewPrivs') === '1',
    read_only_root: host.ReadonlyRootfs === true,
    seccomp: fromStatus('Seccomp') === '2' ? 'filter' : fromStatus('Seccomp'),
    ...confinement(cage?.seen ?? null, host.Runtime, versions),
  };
}

/** user_namespaces(7): the first namespace maps every number to itself. */
const WHOLE_MAP = /^\s*0\s+0\s+4294967295\s*$/;

function confinement(
  seen: CageRecord['seen'],
  runtime: unknown,
  { security = [] }: Versions,
): Pick<Report['cage'], 'confinement'> {
  if (seen?.uid_map === undefined) return {};
  const label = seen.security_label?.replace(/[\n\0]+$/, '') ?? '';
  return {
    confinement: {
      user_namespace: WHOLE_MAP.test(seen.uid_map) ? 'shared' : 'remapped',
      rootless: security.some((option) => option.startsWith('name=rootless')),
      security_label: label === '' ? null : label,
      runtime: typeof runtime === 'string' && runtime !== '' ? runtime : 'unknown',
    },
  };
}

function recorderCounts(cage: CageRecord | null): Omit<Report['recorder'], 'coverage'> {
  const counts = cage?.end?.notifications;
  return {
    received: counts?.received ?? 0,
    answered: counts?.answered ?? 0,
    refused: counts?.refused ?? 0,
    unreadable: counts?.unreadable ?? 0,
    records: cage?.stream.records ?? 0,
    programs: cage?.stream.programs ?? 0,
  };
}
