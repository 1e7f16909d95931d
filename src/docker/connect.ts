/** Finds a container engine that answers. Starts nothing, and never waits without a limit. */
import type Docker from 'dockerode';
import { ProofboxError } from '../errors.ts';
import { type Candidate, candidates } from './candidates.ts';

export type { Docker };

export interface DockerConnection {
  docker: Docker;
  /** which way it was found */
  strategy: Candidate['strategy'];
  endpoint: string;
  /** what was asked before it, and why it was not taken */
  refusals: Refusal[];
}

/** Why one candidate was not taken. */
export interface Refusal {
  strategy: Candidate['strategy'];
  endpoint: string;
  why: string;
}

/** An engine that starts fifty containers at once is slow to say that it is there. */
const PING_LIMIT_MS = 20_000;
const NOT_PERMITTED = 'this user may not use it';

/**
 * The first engine that answers.
 * @param signal ends the waiting for an answer
 * @throws ProofboxError `host` that names what was tried and what to do; the signal's reason
 */
export async function connectDocker(
  env: NodeJS.ProcessEnv = process.env,
  signal?: AbortSignal,
): Promise<DockerConnection> {
  const { connection, refusals } = await tryCandidates(await candidates(env), PING_LIMIT_MS, signal);
  if (connection !== null) return connection;
  throw noEngine(refusals, 'run scripts/setup, or start Docker and point DOCKER_HOST at it');
}

/** Asks each candidate in turn, each at most `limitMs`. @throws the signal's reason */
export async function tryCandidates(
  list: Candidate[],
  limitMs = PING_LIMIT_MS,
  signal?: AbortSignal,
): Promise<{ connection: DockerConnection | null; refusals: Refusal[] }> {
  const refusals: Refusal[] = [];
  const { default: DockerClient } = await import('dockerode');
  for (const { strategy, endpoint, options } of list) {
    const docker = new DockerClient(options);
    const why = (await askFor(docker, limitMs, signal)) ?? (await unfit(strategy, docker));
    signal?.throwIfAborted();
    if (why === null) return { connection: { docker, strategy, endpoint, refusals }, refusals };
    refusals.push({ strategy, endpoint, why });
  }
  return { connection: null, refusals };
}

/** A Podman that was found and not asked for is passed over where it cannot make cages. */
async function unfit(strategy: Candidate['strategy'], docker: Docker): Promise<string | null> {
  if (strategy !== 'Podman socket') return null;
  const { podmanRefusal } = await import('./podman.ts');
  return podmanRefusal(docker).catch(reason);
}

/** The error for "nothing answers": one sentence with every candidate and its reason. */
export function noEngine(refusals: Refusal[], fix: string): ProofboxError {
  const tried = refusals.map(({ endpoint, why }) => `${endpoint}: ${why}`).join('; ');
  const denied = refusals.some(({ why }) => why === NOT_PERMITTED);
  return new ProofboxError('host', `no container engine answers (${tried})`, {
    fix: denied ? 'type: sudo usermod -aG docker "$USER", then log in again' : fix,
  });
}

/** Null where the engine answers, else why not. The signal closes the connection, so that nothing is left waiting. */
async function askFor(docker: Docker, limitMs: number, signal?: AbortSignal): Promise<string | null> {
  const limit = AbortSignal.timeout(limitMs);
  const abortSignal = signal === undefined ? limit : AbortSignal.any([limit, signal]);
  const late = new Promise<string>((resolve) => {
    abortSignal.addEventListener('abort', () => resolve(`no answer within ${limitMs / 1000} s`));
  });
  // The published types of dockerode know ping() without options only.
  const ping = docker.ping.bind(docker) as (options: { abortSignal: AbortSignal }) => Promise<unknown>;
  const answer = ping({ abortSignal }).then(
    (body) => (String(body).trim() === 'OK' ? null : 'it does not answer like Docker'),
    reason,
  );
  return Promise.race([answer, late]);
}

function reason(error: NodeJS.ErrnoException & { statusCode?: number }): string {
  if (error.statusCode !== undefined) return `it answers with status ${error.statusCode}`;
  if (error.name === 'AbortError') return 'no answer in time';
  if (error.code === 'ENOENT') return 'there is no such socket';
  if (error.code === 'ECONNREFUSED') return 'nothing listens there';
  if (error.code === 'EACCES') return NOT_PERMITTED;
  return error.message.split('\n')[0] || (error.code ?? 'unknown');
}
