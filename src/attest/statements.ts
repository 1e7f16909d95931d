/**
 * The three statements of a run, made of its evidence, report and activity alone: equal ones give equal statements.
 * Sources: in-toto attestation framework (Statement v1, ResourceDescriptor), SLSA provenance v1, in-toto predicate
 * runtime-trace v0.2.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Evidence } from '../proofs/evidence.ts';
import { PREDICATES, type RunPredicate, STATEMENT_TYPE } from '../schema/attestation.ts';
import { blockerCodes, type Report } from '../schema/report.ts';
import type { Activity } from '../verdict/activity.ts';

/** What the statements are about. */
export interface Attested {
  evidence: Evidence;
  report: Report;
  activity: Activity;
  /** sha256, hex, of files that are made of the verdict */
  digests: { 'digests.json': string; 'report.json': string };
}

/** The digests of a bundle that statements name and no evidence holds. */
export async function attestedDigests(artifacts: string): Promise<Attested['digests']> {
  const of = async (name: string) =>
    createHash('sha256')
      .update(await readFile(join(artifacts, name)))
      .digest('hex');
  return { 'digests.json': await of('digests.json'), 'report.json': await of('report.json') };
}

export type StatementName = keyof typeof PREDICATES;

const LANE = 'urn:proofbox:lane:v1';

/**
 * What the cage and the seal are built for, in SLSA's words for its build track. The level itself is never claimed:
 * it needs a hosted builder.
 */
const SLSA_PROPERTIES = [
  'isolated: every run has a container of its own, without network, that is removed afterwards',
  'unforgeable: no process of the engine can read the signing key or write a file of the evidence',
];

/** All statements by name. */
export function statements(attested: Attested): Record<StatementName, object> {
  return {
    run: statement(attested, 'run', ['digests.json', 'report.json', 'patch.diff'], runPredicate(attested)),
    provenance: statement(attested, 'provenance', ['patch.diff'], provenance(attested)),
    runtimeTrace: statement(attested, 'runtimeTrace', ['patch.diff', 'digests.json'], runtimeTrace(attested)),
  };
}

function statement(attested: Attested, name: StatementName, subjects: string[], predicate: object): object {
  return {
    _type: STATEMENT_TYPE,
    subject: subjects.map((file) => ({ name: file, digest: { sha256: sha256Of(attested, file) } })),
    predicateType: PREDICATES[name],
    predicate,
  };
}

/** @throws Error where the bundle lacks the file: nothing is attested of what is not there */
function sha256Of({ evidence, digests }: Attested, file: string): string {
  if (file === 'digests.json' || file === 'report.json') return digests[file];
  const digest = evidence.files.get(file)?.digest;
  if (digest == null) throw new Error(`${file} has no digest`);
  return bare(digest);
}

function bare(digest: string): string {
  return digest.replace(/^sha256:/, '');
}

function runPredicate({ evidence, report }: Attested): RunPredicate {
  return {
    run_id: report.run_id,
    nonce: report.nonce,
    proofbox_version: evidence.run.proofbox_version,
    started_at: report.freshness_proof.started_at,
    finished_at: report.freshness_proof.finished_at,
    verdict: report.status,
    engine: report.backend,
    fixture: { id: report.fixture.id, digest: report.fixture.digest },
    contract_digest: report.contract_digest,
    image: { reference: report.image.reference, digest: report.image.digest },
    cage: report.cage,
    recorder_coverage: report.recorder.coverage,
    proofs: report.proofs.map(({ id, status }) => ({ id, status })),
    blockers: blockerCodes(report.blockers),
    slsa_properties: SLSA_PROPERTIES,
  };
}

function provenance(attested: Attested): object {
  const { evidence, report } = attested;
  const contract = evidence.contract.value;
  return {
    buildDefinition: {
      buildType: LANE,
      externalParameters: {
        fixture: report.fixture.id,
        engine: contract?.engine ?? null,
        allowed_files: contract?.allowed_files ?? null,
        test_command: contract?.test_command ?? null,
        limits: contract?.limits ?? null,
      },
      internalParameters: { contract_digest: report.contract_digest, record: contract?.record ?? null },
      resolvedDependencies: [
        {
          name: 'sandbox image',
          uri: `docker://${report.image.reference}`,
          digest: { sha256: bare(report.image.digest) },
        },
        {
          name: `fixture ${report.fixture.id} (digest of its tree)`,
          digest: { sha256: bare(report.fixture.digest) },
        },
      ],
    },
    runDetails: {
      builder: {
        id: 'urn:proofbox:harness',
        version: {
          proofbox: evidence.run.proofbox_version,
          docker: report.cage.versions.engine,
          kernel: report.cage.versions.kernel,
        },
      },
      metadata: {
        invocationId: report.run_id,
        startedOn: report.freshness_proof.started_at,
        finishedOn: report.freshness_proof.finished_at,
      },
      byproducts: ['writes.jsonl', 'processes.jsonl', 'cage.json', 'test.log'].map((name) => ({
        name,
        digest: { sha256: sha256Of(attested, name) },
      })),
    },
  };
}

function runtimeTrace(attested: Attested): object {
  const { evidence, report, activity } = attested;
  const digestAfter = new Map(
    evidence.trees.value?.after.entries.map(({ path, digest }) => [`/workspace/${path}`, digest]),
  );
  return {
    monitor: {
      type: 'urn:proofbox:recorder:v1',
      configSource: { name: 'cage.json', digest: { sha256: sha256Of(attested, 'cage.json') } },
      tracePolicy: {
        record: evidence.contract.value?.record ?? null,
        coverage: report.recorder.coverage,
        unlisted: {
          programs: activity.other_programs,
          attempts: activity.other_paths.allowed + activity.other_paths.denied,
        },
      },
    },
    monitoredProcess: {
      hostID: `urn:proofbox:container:${report.cage.container_id ?? 'none'}`,
      type: LANE,
      event: report.run_id,
    },
    monitorLog: {
      process: activity.programs.map(({ t_ms, pid, ppid, path, argv, verdict }) => ({
        eventType: 'exec',
        processBinary: path,
        arguments: argv,
        pid,
        ppid,
        t_ms,
        verdict,
      })),
      fileAccess: activity.paths.map(({ path, allowed, denied, accesses }) => {
        const digest = digestAfter.get(path);
        return {
          name: path,
          ...(digest == null ? {} : { digest: { sha256: bare(digest) } }),
          annotations: { allowed, denied, accesses },
        };
      }),
    },
    metadata: {
      buildStartedOn: report.freshness_proof.started_at,
      buildFinishedOn: report.freshness_proof.finished_at,
    },
  };
}
