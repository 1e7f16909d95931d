/** From what is asked of a run to its plan and its contract. Pure: whoever asked can work out what an answer must say. */
import { type ContractInputs, makeContract, mergeWork } from '../contract/contract.ts';
import type { CaseSettings, EnginePlan } from '../engines/engine.ts';
import { throughGateway } from '../engines/through-gateway.ts';
import { SOCKET_NAME } from '../gateway/socket.ts';
import type { Contract } from '../schema/contract.ts';
import type { RunRequest } from './request.ts';

/** The part of a request that says what is to be done, and nothing of where. */
export interface AskedWork
  extends Pick<RunRequest, 'fixture' | 'contractFile' | 'limits' | 'engine' | 'commandArgv' | 'record'> {
  provider: Pick<NonNullable<RunRequest['provider']>, 'mode' | 'endpoint'> | null;
  candidate: { settings: CaseSettings } | null;
}

/** @throws ProofboxError `invalid_input` where fixture, contract file and limits do not fit together */
export function planOf(asked: AskedWork): { work: ReturnType<typeof mergeWork>; plan: EnginePlan } {
  const work = mergeWork(asked.fixture.fixture, asked.contractFile, asked.limits);
  const bare = asked.engine.plan({
    fixture: work,
    argv: asked.commandArgv,
    candidate: asked.candidate?.settings ?? null,
  });
  const plan = asked.provider === null ? bare : throughGateway(bare, `/artifacts/inputs/${SOCKET_NAME}`);
  return { work, plan };
}

/** The contract of one run of it. */
export function contractOf(
  asked: AskedWork,
  plan: EnginePlan,
  run: Pick<ContractInputs, 'nonce' | 'runId' | 'fixtureDigest'>,
): Contract {
  return makeContract({
    ...run,
    fixture: asked.fixture.fixture,
    contractFile: asked.contractFile,
    limits: asked.limits,
    engine: { ...asked.engine, argv: plan.argv, requiredEvents: plan.requiredEvents },
    record: asked.record,
    provider: { mode: asked.provider?.mode ?? 'none', endpoint: asked.provider?.endpoint ?? null },
  });
}
