/** One connection to NATS. The client is loaded here and nowhere else: a run without a fleet never imports it. */
import type { JetStreamClient, JetStreamManager } from '@nats-io/jetstream';
import type { Authenticator, NatsConnection } from '@nats-io/transport-node';
import { ProofboxError } from '../errors.ts';
import type { Address } from './address.ts';
import { identityCheck } from './server-identity.ts';

export interface Nats {
  connection: NatsConnection;
  js: JetStreamClient;
  jsm: JetStreamManager;
}

/** A call that no server answers within this is tried again. */
export const CALL_MS = 5_000;
/** A server that is silent for twice this long is taken for gone, and another one is asked. */
const PING_MS = 5_000;

/**
 * Connects, and from then on comes back by itself after every cut.
 * @param name by which the server's operator sees us
 * @throws ProofboxError `host` where no server answers or lets us in, or it has no JetStream
 */
export async function connectNats(address: Address, name: string): Promise<Nats> {
  const [{ connect, ...core }, { jetstream, jetstreamManager }] = await Promise.all([
    import('@nats-io/transport-node'),
    import('@nats-io/jetstream'),
  ]);
  const authenticator = authenticatorOf(address, core);
  const connection = await connect({
    servers: address.servers,
    name,
    ...(authenticator === null ? {} : { authenticator }),
    // Null would mean: not even where the server offers it.
    ...(address.tls === null ? {} : { tls: tlsOf(address.tls, address.servers) }),
    // Without TLS we stay where the user sent us: a server may name others, on any network.
    ignoreClusterUpdates: address.tls === null,
    maxReconnectAttempts: -1,
    ignoreAuthErrorAbort: true,
    reconnectTimeWait: 500,
    reconnectJitter: 500,
    pingInterval: PING_MS,
    maxPingOut: 2,
    timeout: CALL_MS,
    noAsyncTraces: true,
  }).catch((cause: Error) => {
    throw new ProofboxError(
      'host',
      `NATS at ${address.servers.join(', ')} cannot be reached (${reasonOf(cause)})`,
      {
        fix: 'check that nats-server runs there, and its address, credentials and certificates',
        cause,
      },
    );
  });
  const jsm = await jetstreamManager(connection, { timeout: CALL_MS }).catch(async (cause: Error) => {
    await connection.close();
    throw new ProofboxError(
      'host',
      `NATS at ${address.servers.join(', ')} has no JetStream (${reasonOf(cause)})`,
      {
        fix: 'start nats-server with --jetstream',
        cause,
      },
    );
  });
  return { connection, js: jetstream(connection, { timeout: CALL_MS }), jsm };
}

/** The client hands everything on to Node, more than its types name. */
function tlsOf(tls: NonNullable<Address['tls']>, servers: string[]): object {
  return { ...tls, checkServerIdentity: identityCheck(servers) };
}

function authenticatorOf(
  { credential }: Address,
  core: Pick<
    typeof import('@nats-io/transport-node'),
    'nkeyAuthenticator' | 'tokenAuthenticator' | 'credsAuthenticator'
  >,
): Authenticator | null {
  const bytes = (text: string) => new TextEncoder().encode(text);
  switch (credential?.kind) {
    case 'nkey':
      return core.nkeyAuthenticator(bytes(credential.seed));
    case 'token':
      return core.tokenAuthenticator(credential.token);
    case 'creds':
      return core.credsAuthenticator(bytes(credential.text));
    case undefined:
      return null;
  }
}

/** Errors of the client sometimes have no words of their own. */
export function reasonOf(error: Error): string {
  const { cause, message, name } = error;
  const words = message !== '' ? message : name;
  return cause instanceof Error && cause.message !== '' && cause.message !== message
    ? `${words}: ${cause.message}`
    : words;
}

/** Sends what is still on its way and closes; a server that is away is not waited for. */
export async function closeNats({ connection }: Nats): Promise<void> {
  const late = new Promise<void>((resolve) => setTimeout(resolve, 2_000).unref());
  await Promise.race([connection.drain().catch(() => undefined), late]);
  await connection.close().catch(() => undefined);
}
