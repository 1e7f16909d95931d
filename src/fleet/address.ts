/** Where NATS is and how to prove who one is. Refuses what would carry runs or secrets in the open. Starts nothing. */
import { constants } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { ProofboxError } from '../errors.ts';

export interface AddressOptions {
  /** addresses of one cluster, separated by commas */
  nats: string;
  /** file with the seed of an NKey */
  natsNkey?: string;
  /** file with a token */
  natsToken?: string;
  /** file with a JWT and the seed of its NKey, as nsc writes it */
  natsCreds?: string;
  /** PEM files */
  natsCa?: string;
  natsCert?: string;
  natsKey?: string;
}

/** Everything a connection needs; secrets are read, and in no message. */
export interface Address {
  servers: string[];
  /** null: no TLS, which loopback alone may do without */
  tls: { ca?: string; cert?: string; key?: string } | null;
  credential:
    | { kind: 'nkey'; seed: string }
    | { kind: 'token'; token: string }
    | { kind: 'creds'; text: string }
    | null;
  isLoopback: boolean;
}

/** Environment variables for who keeps secrets there; files win. */
export const TOKEN_VARIABLE = 'PROOFBOX_NATS_TOKEN';
export const NKEY_VARIABLE = 'PROOFBOX_NATS_NKEY';

const DEFAULT_PORT = '4222';
const MAX_SECRET = 64 << 10;

/**
 * Reads options and secrets.
 * @param environment loses the secrets, so that no child inherits them
 * @throws ProofboxError `usage` for an address that is none, that holds a secret, or that is not loopback and lacks
 *   credentials or TLS
 */
export async function readAddress(options: AddressOptions, environment: NodeJS.ProcessEnv): Promise<Address> {
  const urls = options.nats.split(',').map((text) => parse(text.trim()));
  const credential = await readCredential(options, environment);
  const isLoopback = urls.every(({ hostname }) => isLoopbackName(hostname));
  const isTls = urls.every(({ protocol }) => protocol === 'tls:');
  if (!isTls && urls.some(({ protocol }) => protocol === 'tls:'))
    throw usage('some addresses of --nats begin with tls:// and some do not', 'give all of them alike');
  const hasTls = isTls || options.natsCa !== undefined || options.natsCert !== undefined;
  const missing = [...(credential === null ? ['credentials'] : []), ...(hasTls ? [] : ['TLS'])];
  if (!isLoopback && missing.length > 0)
    throw usage(
      `--nats ${options.nats} is not loopback, and ${missing.join(' and ')} ${missing.length > 1 ? 'are' : missing[0] === 'TLS' ? 'is' : 'are'} missing`,
      'give tls://HOST (with --nats-ca for a certificate of your own) and --nats-nkey, --nats-creds or --nats-token FILE',
    );
  return {
    servers: urls.map(({ hostname, port }) => `${hostname}:${port || DEFAULT_PORT}`),
    tls: hasTls ? await readTls(options) : null,
    credential,
    isLoopback,
  };
}

function parse(text: string): URL {
  const full = /^[a-z]+:\/\//i.test(text) ? text : `nats://${text}`;
  // A URL of an unknown scheme keeps its host as it was written.
  const url = URL.canParse(full) ? new URL(full) : null;
  if (
    url === null ||
    !['nats:', 'tls:'].includes(url.protocol) ||
    url.hostname === '' ||
    !/^\/?$/.test(url.pathname)
  )
    throw usage('--nats holds an address that is none', 'give nats://HOST:PORT or tls://HOST:PORT');
  if (url.username !== '' || url.password !== '')
    throw usage(
      'the address of --nats holds a name, password or token, which every process of this host can read',
      `give it in a file with --nats-token or --nats-nkey, or in ${TOKEN_VARIABLE}`,
    );
  return url;
}

/** An address that never leaves this host. A name is believed for localhost alone. */
export function isLoopbackName(hostname: string): boolean {
  const bare = hostname.replace(/^\[|\]$/g, '');
  if (isIP(bare) === 4) return bare.startsWith('127.');
  if (isIP(bare) === 6) return bare === '::1';
  return bare.toLowerCase() === 'localhost';
}

async function readCredential(
  options: AddressOptions,
  environment: NodeJS.ProcessEnv,
): Promise<Address['credential']> {
  const token = environment[TOKEN_VARIABLE]?.trim();
  const seed = environment[NKEY_VARIABLE]?.trim();
  delete environment[TOKEN_VARIABLE];
  delete environment[NKEY_VARIABLE];
  const given = [options.natsNkey, options.natsToken, options.natsCreds].filter((one) => one !== undefined);
  if (given.length > 1)
    throw usage('several of --nats-nkey, --nats-token and --nats-creds were given', 'give one of them');
  if (options.natsNkey !== undefined)
    return { kind: 'nkey', seed: seedOf(await readSecret(options.natsNkey)) };
  if (options.natsToken !== undefined)
    return { kind: 'token', token: (await readSecret(options.natsToken)).trim() };
  if (options.natsCreds !== undefined) return { kind: 'creds', text: await readSecret(options.natsCreds) };
  if (seed) return { kind: 'nkey', seed: seedOf(seed) };
  return token ? { kind: 'token', token } : null;
}

/** The line of the file that is a seed; others are comments or the public key. */
function seedOf(text: string): string {
  const seed = text.split('\n').find((line) => /^SU[A-Z2-7]{56}$/.test(line.trim()));
  if (seed !== undefined) return seed.trim();
  throw usage('the NKey holds no seed of a user', 'make one with: nsc generate nkey --user, or nk -gen user');
}

async function readSecret(path: string): Promise<string> {
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch(
    (cause: NodeJS.ErrnoException) => {
      throw usage(`${path} cannot be read (${cause.code ?? cause.message})`, 'check the path', cause);
    },
  );
  try {
    const { mode, size } = await file.stat();
    if ((mode & 0o077) !== 0) throw usage(`the secret ${path} can be read by others`, `chmod 600 ${path}`);
    if (size === 0 || size > MAX_SECRET) throw usage(`${path} is no secret for NATS`, 'check the path');
    return await file.readFile('utf8');
  } finally {
    await file.close();
  }
}

async function readTls({ natsCa, natsCert, natsKey }: AddressOptions): Promise<NonNullable<Address['tls']>> {
  if ((natsCert === undefined) !== (natsKey === undefined))
    throw usage('--nats-cert and --nats-key belong together', 'give both or none');
  const read = (path: string) =>
    readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
      throw usage(`${path} cannot be read (${cause.code ?? cause.message})`, 'check the path', cause);
    });
  return {
    ...(natsCa === undefined ? {} : { ca: await read(natsCa) }),
    ...(natsCert === undefined ? {} : { cert: await read(natsCert) }),
    ...(natsKey === undefined ? {} : { key: await readSecret(natsKey) }),
  };
}

function usage(message: string, fix: string, cause?: unknown): ProofboxError {
  return new ProofboxError('usage', message, { fix, ...(cause === undefined ? {} : { cause }) });
}
