/** Makes the task contract of one run from the fixture, an optional contract file and the command line. */
import { ProofboxError } from '../errors.ts';
import type { Digest, EngineName } from '../schema/common.ts';
import { Contract } from '../schema/contract.ts';
import { type ContractFile, DEFAULT_LIMITS, Fixture, Limits } from '../schema/fixture.ts';
import { firstIssue } from './read.ts';

export interface ContractInputs {
  nonce: string;
  runId: string;
  fixture: Fixture;
  fixtureDigest: Digest;
  /** replaces the fixture's words key by key */
  contractFile: ContractFile;
  /** what the command line says about limits; wins over both */
  limits: Partial<Limits>;
  engine: {
    name: EngineName;
    argv: string[];
    requiredEvents: string[];
    state: string[];
    needsProvider: boolean;
  };
  record: 'writes' | 'reads';
  provider: Contract['provider'];
}

/** What the harness itself keeps in the workspace. */
const HARNESS_STATE = '.git/';

/**
 * The fixture with a contract file laid over it, and limits filled in.
 * @throws ProofboxError `invalid_input` where the two together break the schema
 */
export function mergeWork(
  fixture: Fixture,
  file: ContractFile,
  limits: Partial<Limits>,
): Fixture & { limits: Limits } {
  const { schema: _schema, ...overrides } = file;
  const merged = {
    ...fixture,
    ...overrides,
    limits: { ...DEFAULT_LIMITS, ...fixture.limits, ...file.limits, ...limits },
  };
  const parsedLimits = Limits.safeParse(merged.limits);
  if (!parsedLimits.success) {
    throw new ProofboxError('invalid_input', `limits: ${firstIssue(parsedLimits.error)}`, {
      fix: 'give a limit inside the allowed range; `proofbox run --help` lists them',
    });
  }
  return { ...Fixture.parse(merged), limits: parsedLimits.data };
}

/** The complete contract. Pure: equal inputs give an equal contract. */
export function makeContract(inputs: ContractInputs): Contract {
  const work = mergeWork(inputs.fixture, inputs.contractFile, inputs.limits);
  const state = new Set([
    ...(work.git === false ? [] : [HARNESS_STATE]),
    ...inputs.engine.state,
    ...(work.engine_state ?? []),
  ]);
  return Contract.parse({
    schema: 'proofbox.contract/v1',
    nonce: inputs.nonce,
    run_id: inputs.runId,
    fixture: { id: work.id, digest: inputs.fixtureDigest },
    engine: { name: inputs.engine.name, argv: inputs.engine.argv },
    task: work.task,
    allowed_files: work.allowed_files,
    test_command: work.test_command ?? null,
    limits: work.limits,
    required_events: work.required_events ?? inputs.engine.requiredEvents,
    denied_writes: work.denied_writes ?? (inputs.engine.name === 'case' ? 'fail' : 'report'),
    record: inputs.record,
    git: work.git ?? true,
    engine_state: [...state],
    needs_provider: (work.needs_provider ?? false) || inputs.engine.needsProvider,
    provider: inputs.provider,
    allowed_roots: ['/workspace', '/artifacts'],
  });
}
