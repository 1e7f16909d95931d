/** Whether the engine had the model that it needs, from what the gateway wrote down. What it says itself does not count. */
import type { Blocker } from '../schema/report.ts';
import type { Evidence } from './evidence.ts';

/** A blocker for every reason why the provider was not there, or nobody can say that it was. */
export function providerBlockers({ contract, provider, run }: Evidence): Blocker[] {
  if (contract.value === undefined) return [];
  if (provider === null)
    return contract.value.needs_provider
      ? [unavailable('the engine needs a model provider and none is configured')]
      : [];
  if (provider.value === undefined) return [incomplete(`provider.jsonl: ${provider.problem}`)];
  const { count, nonce, problem, failures } = provider.value;
  const blockers: Blocker[] = [];
  if (problem !== null) blockers.push(incomplete(`line ${problem.line} of provider.jsonl ${problem.what}`));
  if (count > 0 && nonce !== run.nonce) blockers.push(incomplete('provider.jsonl carries another nonce'));
  if (count !== run.provider_requests)
    blockers.push(
      incomplete(`the gateway took ${run.provider_requests} requests, provider.jsonl has ${count}`),
    );
  const [first] = failures.samples;
  if (first !== undefined)
    blockers.push(
      unavailable(
        `${failures.count} requests were not answered as they must be; the first, ${first.path}, was ${first.outcome} (${first.status})`,
      ),
    );
  return blockers;
}

function unavailable(message: string): Blocker {
  return { code: 'provider_unavailable', message, requirement: 'P10' };
}

function incomplete(message: string): Blocker {
  return { code: 'evidence_incomplete', message, requirement: 'P8' };
}
