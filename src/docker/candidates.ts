/** Where a container engine may be, in the order in which we ask. Reads configuration, connects to nothing. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type Docker from 'dockerode';

export interface Candidate {
  strategy: 'DOCKER_HOST' | 'context' | 'default socket' | 'Podman socket';
  endpoint: string;
  options: Docker.DockerOptions;
}

const DEFAULT_SOCKET = '/var/run/docker.sock';

/** The candidates for this environment. With DOCKER_HOST set there is only that one: what was asked for is what is used. */
export async function candidates(env: NodeJS.ProcessEnv): Promise<Candidate[]> {
  if (env.DOCKER_HOST !== undefined && env.DOCKER_HOST !== '') {
    return [
      await candidate(
        'DOCKER_HOST',
        env.DOCKER_HOST,
        env.DOCKER_TLS_VERIFY ? env.DOCKER_CERT_PATH : undefined,
      ),
    ];
  }
  const list: Candidate[] = [];
  const context = await currentContext(env);
  if (context !== null) list.push(await candidate('context', context));
  list.push(await candidate('default socket', `unix://${DEFAULT_SOCKET}`));
  const podman = [
    join(env.XDG_RUNTIME_DIR ?? '/run/user/0', 'podman/podman.sock'),
    '/run/podman/podman.sock',
  ];
  for (const socket of podman.filter((path) => existsSync(path)))
    list.push(await candidate('Podman socket', `unix://${socket}`));
  return list;
}

/** Endpoint of the context that the docker command line would use, or null for its default. */
async function currentContext(env: NodeJS.ProcessEnv): Promise<string | null> {
  const folder = env.DOCKER_CONFIG ?? join(homedir(), '.docker');
  try {
    const config = JSON.parse(await readFile(join(folder, 'config.json'), 'utf8')) as {
      currentContext?: string;
    };
    const name = env.DOCKER_CONTEXT ?? config.currentContext;
    if (name === undefined || name === '' || name === 'default') return null;
    const id = createHash('sha256').update(name).digest('hex');
    const meta = JSON.parse(await readFile(join(folder, 'contexts/meta', id, 'meta.json'), 'utf8')) as {
      Endpoints?: { docker?: { Host?: string } };
    };
    return meta.Endpoints?.docker?.Host ?? null;
  } catch {
    return null;
  }
}

async function candidate(
  strategy: Candidate['strategy'],
  endpoint: string,
  certificates?: string,
): Promise<Candidate> {
  if (endpoint.startsWith('unix://')) {
    return { strategy, endpoint, options: { socketPath: endpoint.slice('unix://'.length) } };
  }
  const url = URL.canParse(endpoint) ? new URL(endpoint) : null;
  if (url === null) return { strategy, endpoint, options: { socketPath: endpoint } };
  const host = url.hostname;
  if (url.protocol === 'ssh:')
    return {
      strategy,
      endpoint,
      options: { protocol: 'ssh', host, port: url.port || 22, username: url.username },
    };
  const tls =
    certificates === undefined
      ? {}
      : {
          ca: await readFile(join(certificates, 'ca.pem')),
          cert: await readFile(join(certificates, 'cert.pem')),
          key: await readFile(join(certificates, 'key.pem')),
        };
  const protocol = certificates !== undefined || url.protocol === 'https:' ? 'https' : 'http';
  return {
    strategy,
    endpoint,
    options: { protocol, host, port: url.port || (protocol === 'https' ? 2376 : 2375), ...tls },
  };
}
