/** The options of every command that speaks to NATS, and the connection they make. */
import type { Command } from 'commander';
import type { AddressOptions } from '../fleet/address.ts';
import type { Nats } from '../fleet/connect.ts';

/** Adds them. Secrets are given as files or in the environment, never as words that every process can read. */
export function addNatsOptions(
  command: Command,
  about = 'NATS servers, as nats://HOST:PORT or tls://HOST:PORT, comma between them',
): Command {
  return command
    .option('--nats <url>', about)
    .option('--nats-nkey <file>', 'file with the seed of an NKey (or PROOFBOX_NATS_NKEY in the environment)')
    .option('--nats-token <file>', 'file with a token (or PROOFBOX_NATS_TOKEN in the environment)')
    .option('--nats-creds <file>', 'file with JWT and seed, as nsc writes it')
    .option('--nats-ca <file>', "certificate of the authority that signed the servers'")
    .option('--nats-cert <file>', 'certificate of this client, with --nats-key')
    .option('--nats-key <file>', 'its private key');
}

/**
 * Connects, gives the connection to `act` and ends it.
 * @throws ProofboxError `usage` for an address that is not safe, `host` where nobody answers
 */
export async function withNats<T>(
  options: AddressOptions,
  name: string,
  act: (nats: Nats) => Promise<T>,
): Promise<T> {
  const { readAddress } = await import('../fleet/address.ts');
  const address = await readAddress(options, process.env);
  const { connectNats, closeNats } = await import('../fleet/connect.ts');
  const nats = await connectNats(address, name);
  try {
    return await act(nats);
  } finally {
    await closeNats(nats);
  }
}
