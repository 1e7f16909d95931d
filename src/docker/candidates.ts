/** Where a container engine may be, in the order in which we ask. Reads configuration, connects to nothing. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { Agent } from 'node:http';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import type Docker from 'dockerode';
import { ProofboxError } from '../errors.ts';

export interface Candidate {
  strategy: 'DOCKER_HOST' | 'context' | 'default socket' | 'Podman socket';
  endpoint: string;
  options: Docker.DockerOptions;
}

const DEFAULT_SOCKET = '/var/run/docker.sock';

/**
 * The candidates for this environment. With DOCKER_HOST set there is only that one: what was asked for is what is
 * used.
 * @throws ProofboxError `host` where DOCKER_HOST cannot be read as an address, or its certificates are missing
 */
export async function candidates(env: NodeJS.ProcessEnv): Promise<Candidate[]> {
  const asked = env.DOCKER_HOST ?? '';
  if (asked !== '') {
    const certificates = env.DOCKER_TLS_VERIFY ? (env.DOCKER_CERT_PATH ?? dockerFolder(env)) : null;
    return [{ strategy: 'DOCKER_HOST', endpoint: asked, options: await options(asked, certificates) }];
  }
  const list: Candidate[] = [];
  const context = await currentContext(env);
  if (context !== null) list.push(context);
  list.push(socket('default socket', DEFAULT_SOCKET));
  const runtime = env.XDG_RUNTIME_DIR ?? `/run/user/${process.getuid?.() ?? 0}`;
  const podman = [join(runtime, 'podman/podman.sock'), '/run/podman/podman.sock'];
  for (const path of podman) if (existsSync(path)) list.push(socket('Podman socket', path));
  return list;
}

/** The context that the docker command line would use, or null for its default or one that cannot be read. */
async function currentContext(env: NodeJS.ProcessEnv): Promise<Candidate | null> {
  const folder = dockerFolder(env);
  const config = await readJson<{ currentContext?: string }>(join(folder, 'config.json'));
  const name = env.DOCKER_CONTEXT || config?.currentContext || 'default';
  if (name === 'default') return null;
  const id = createHash('sha256').update(name).digest('hex');
  const meta = await readJson<{ Endpoints?: { docker?: { Host?: string } } }>(
    join(folder, 'contexts/meta', id, 'meta.json'),
  );
  const endpoint = meta?.Endpoints?.docker?.Host;
  if (endpoint === undefined || endpoint === '') return null;
  const certificates = join(folder, 'contexts/tls', id, 'docker');
  try {
    const found = await options(endpoint, existsSync(certificates) ? certificates : null);
    return { strategy: 'context', endpoint, options: found };
  } catch {
    return null;
  }
}

function dockerFolder(env: NodeJS.ProcessEnv): string {
  return env.DOCKER_CONFIG ?? join(env.HOME ?? homedir(), '.docker');
}

function socket(strategy: Candidate['strategy'], path: string): Candidate {
  return { strategy, endpoint: `unix://${path}`, options: localOptions(path) };
}

/**
 * An agent like Node's own, but for the server name: a socket has none, and working out that `localhost` is no IPv6 address
 * takes a run longer than asking the engine.
 */
class LocalAgent extends Agent {
  constructor() {
    const settings = { keepAlive: true, scheduling: 'lifo' as const, timeout: 5_000, servername: '' };
    super(settings);
  }

  /** dockerode describes every request to a log that nobody keeps, with all that the agent has open. */
  [inspect.custom](): string {
    return 'LocalAgent';
  }
}

function localOptions(socketPath: string): Docker.DockerOptions {
  // The published types of dockerode do not know that it takes an agent.
  const connection = { socketPath, agent: new LocalAgent() };
  return connection;
}

/** What dockerode needs to reach an address like those of DOCKER_HOST. */
async function options(endpoint: string, certificates: string | null): Promise<Docker.DockerOptions> {
  const url = URL.canParse(endpoint) ? new URL(endpoint) : null;
  const host = url?.hostname.replace(/^\[|\]$/g, '') ?? '';
  switch (url?.protocol) {
    case 'unix:':
      return localOptions(endpoint.slice('unix://'.length));
    case 'ssh:':
      return { protocol: 'ssh', host, port: url.port || 22, username: url.username };
    case 'tcp:':
    case 'http:':
    case 'https:': {
      const secure = certificates !== null || url.protocol === 'https:';
      const port = url.port || (secure ? 2376 : 2375);
      const keys = certificates === null ? {} : await readCertificates(certificates);
      return { protocol: secure ? 'https' : 'http', host, port, ...keys };
    }
    default:
      throw new ProofboxError('host', `the engine address "${endpoint}" is none that can be used`, {
        fix: 'set DOCKER_HOST to unix:///path, tcp://host:port or ssh://user@host, or unset it',
      });
  }
}

async function readCertificates(folder: string): Promise<{ ca: Buffer; cert: Buffer; key: Buffer }> {
  try {
    const [ca, cert, key] = await Promise.all([
      readFile(join(folder, 'ca.pem')),
      readFile(join(folder, 'cert.pem')),
      readFile(join(folder, 'key.pem')),
    ]);
    return { ca, cert, key };
  } catch (cause) {
    throw new ProofboxError('host', `the engine's certificates cannot be read from ${folder}`, {
      fix: 'point DOCKER_CERT_PATH at a folder with ca.pem, cert.pem and key.pem',
      cause,
    });
  }
}

/** The document, or null where it is missing or broken. */
async function readJson<T>(path: string): Promise<T | null> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as T;
  } catch {
    return null;
  }
}
