/** The gateway of one run: open while its engine runs, closed before anything that the engine left is read. */
import { join } from 'node:path';
import { openSpool } from '../evidence/spool.ts';
import type { Provider } from '../gateway/configure.ts';
import type { RunContext } from './context.ts';
import type { EngineOutcome } from './engine-cage.ts';

/** What the gateway wrote down. */
export interface Traffic {
  file: string;
  requests: number;
}

/**
 * Opens the gateway around the engine. Its socket lies in a watched folder: it goes when nobody looks there any more.
 * @throws what `act` throws, or the system's error where the socket cannot be made
 */
export async function withGateway(
  context: RunContext,
  provider: Provider | null,
  act: () => Promise<EngineOutcome>,
): Promise<{ value: EngineOutcome; traffic: Traffic | null }> {
  if (provider === null) return { value: await act(), traffic: null };
  const file = join(context.paths.spool, 'provider.jsonl');
  const spool = await openSpool(file);
  // Most runs have no provider.
  const { startGateway } = await import('../gateway/server.ts');
  const gateway = await startGateway({
    folder: join(context.paths.artifacts, 'inputs'),
    owner: context.owner,
    source: provider.source,
    secret: provider.secret,
    nonce: context.contract.nonce,
    clock: () => context.clock.now().t_ms,
    write: (line) => spool.append(Buffer.from(line)),
  });
  let requests = 0;
  try {
    const value = await act()
      .then(async (outcome) => {
        await outcome.watched;
        return outcome;
      })
      .finally(async () => {
        requests = await gateway.close();
      });
    return { value, traffic: { file, requests } };
  } finally {
    await spool.close();
  }
}

/** The record of a gateway that never opened: the run was blocked. */
export async function noTraffic(context: RunContext, provider: Provider | null): Promise<Traffic | null> {
  if (provider === null) return null;
  const spool = await openSpool(join(context.paths.spool, 'provider.jsonl'));
  await spool.close();
  return { file: spool.path, requests: 0 };
}
