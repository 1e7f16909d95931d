/** Finds a container engine: DOCKER_HOST, the current context, the default socket, a Podman socket. */
import type Docker from 'dockerode';
import { ProofboxError } from '../errors.ts';
import { type Candidate, candidates } from './candidates.ts';

export interface DockerConnection {
  docker: Docker;
  /** which way it was found */
  strategy: Candidate['strategy'];
  endpoint: string;
}

/** Why one candidate was not taken. */
export interface Refusal {
  strategy: Candidate['strategy'];
  endpoint: string;
  why: string;
}

const PING_LIMIT_MS = 5_000;

/**
 * The first engine that answers.
 * @throws ProofboxError `host` that names what was tried and what to do
 */
export async function connectDocker(env: NodeJS.ProcessEnv = process.env): Promise<DockerConnection> {
  const { connection, refusals } = await tryCandidates(await candidates(env));
  if (connection !== null) return connection;
  const tried = refusals.map((refusal) => `${refusal.endpoint}: ${refusal.why}`).join('; ');
  throw new ProofboxError('host', `no container engine answers (${tried})`, {
    fix: 'run scripts/setup, or start Docker and point DOCKER_HOST at it',
  });
}

/** Asks each candidate in turn. An explicit one (DOCKER_HOST) that fails ends the search: nothing is guessed. */
export async function tryCandidates(
  list: Candidate[],
): Promise<{ connection: DockerConnection | null; refusals: Refusal[] }> {
  const refusals: Refusal[] = [];
  const { default: DockerClient } = await import('dockerode');
  for (const candidate of list) {
    const { strategy, endpoint } = candidate;
    try {
      const docker = new DockerClient(candidate.options);
      const answer = await withLimit(docker.ping() as Promise<Buffer>, PING_LIMIT_MS);
      if (String(answer).trim() === 'OK') return { connection: { docker, strategy, endpoint }, refusals };
      refusals.push({ strategy, endpoint, why: 'it does not answer like Docker' });
    } catch (error) {
      refusals.push({ strategy, endpoint, why: reason(error) });
    }
  }
  return { connection: null, refusals };
}

function reason(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT') return 'there is no such socket';
  if (code === 'ECONNREFUSED') return 'nothing listens there';
  if (code === 'EACCES') return 'this user may not use it';
  return message.split('\n')[0] ?? 'unknown';
}

async function withLimit<T>(work: Promise<T>, ms: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${ms / 1000} s`)), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
