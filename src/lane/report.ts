/** Puts report.json together from the evidence and the evaluation. Decides nothing: the status is the proofs'. */
import { createHash } from 'node:crypto';
import { changedFiles } from '../proofs/changes.ts';
import type { Evidence, RootCounts } from '../proofs/evidence.ts';
import type { Evaluation } from '../proofs/index.ts';
import type { CageRecord } from '../schema/cage.ts';
import type { Digest } from '../schema/common.ts';
import { Report } from '../schema/report.ts';
import { contractText } from './contract-text.ts';
import type { EngineOutcome } from './engine-cage.ts';
import type { Documents, JudgeInput } from './findings.ts';

const NO_COUNTS: RootCounts = {
  workspace: { allowed: 0, denied: 0 },
  artifacts: { allowed: 0, denied: 0 },
  device: { allowed: 0, denied: 0 },
  kernel: { allowed: 0, denied: 0 },
  none: { allowed: 0, denied: 0 },
};

/** The report of one run, checked against its own schema. */
export function assembleReport(
  input: JudgeInput,
  documents: Documents,
  evidence: Evidence,
  verdict: Evaluation,
): Report {
  const { context, request, outcome, collected, tests } = input;
  const { contract } = context;
  const cage = outcome.cage;
  const changes = changedFiles(documents.trees, contract);
  const writes = evidence.writes.value;
  const proofStatus = (id: string) => verdict.proofs.find((proof) => proof.id === id)?.status;
  return Report.parse({
    schema: 'proofbox.report/v1',
    nonce: contract.nonce,
    run_id: contract.run_id,
    status: verdict.status,
    stage: 'default',
    backend: contract.engine.name,
    source_admission_status: 'not_applicable',
    case_process_started: false,
    allowed_writes_passed: proofStatus('allowed_writes') === 'passed',
    gates: {},
    fixture: {
      id: contract.fixture.id,
      title: request.fixture.fixture.title,
      digest: contract.fixture.digest,
    },
    contract_digest: digestOf(contractText(contract)),
    image: { reference: context.image.reference, digest: context.image.digest },
    cage: { ...cageSummary(cage), versions: request.versions },
    recorder: {
      coverage: proofStatus('recorder_coverage') === 'passed' ? 'complete' : 'incomplete',
      ...recorderCounts(cage),
    },
    writes: { ...(writes?.counts ?? NO_COUNTS), denied_paths: writes?.denied.paths ?? [] },
    changed_files: changes.files,
    engine_state: { patterns: contract.engine_state, changed: changes.engineState },
    proofs: verdict.proofs,
    blockers: verdict.blockers,
    host_problem: context.signal.aborted ? null : hostProblem(outcome),
    baseline: null,
    verification:
      contract.test_command === null
        ? null
        : {
            command: contract.test_command,
            before: tests.before?.run ?? null,
            after: tests.after?.run ?? null,
          },
    usage: {
      wall_ms: evidence.run.wall_ms,
      engine_wall_ms: cage?.end?.wall_ms ?? null,
      user_ms: cage?.end?.user_ms ?? null,
      sys_ms: cage?.end?.sys_ms ?? null,
      peak_memory_bytes: cage?.end == null ? null : Math.round(cage.end.max_rss_kib * 1024),
      stdout_bytes: cage?.stream.stdout_bytes ?? 0,
      stderr_bytes: cage?.stream.stderr_bytes ?? 0,
      workspace_bytes: collected.after.bytes,
    },
    artifact_digests: Object.fromEntries(
      [...evidence.files].flatMap(([path, file]) => (file.digest === null ? [] : [[path, file.digest]])),
    ),
    freshness_proof: {
      nonce: contract.nonce,
      started_at: evidence.run.started_at,
      finished_at: evidence.run.finished_at,
      wall_ms: evidence.run.wall_ms,
      container_id: cage?.container_id ?? null,
      container_created_at: cage?.created_at ?? null,
      container_finished_at: cage?.finished_at ?? null,
      image_digest: context.image.digest,
      artifact_dir_was_empty: evidence.run.artifact_dir_was_empty,
    },
  });
}

/** An engine starts only after PID 1's first word, so that no engine can bring any of these about. */
function hostProblem({ cage, problem }: EngineOutcome): string | null {
  if (cage === null) return problem;
  if (cage.seen !== null) return null;
  const said = cage.stream.recorder_stderr.trim().split('\n')[0] ?? '';
  return `the recorder could not start its work${said === '' ? '' : `: ${said}`}`;
}

function digestOf(text: string): Digest {
  return `sha256:${createHash('sha256').update(text).digest('hex')}`;
}

/** What the cage was, from what the container engine says; "unknown" where it said nothing. */
function cageSummary(cage: CageRecord | null): Omit<Report['cage'], 'versions'> {
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
