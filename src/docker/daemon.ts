/** Starts the container engine that is installed on this host. Never stops one, and leaves it up as a service would. */
import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { execa } from 'execa';
import { ProofboxError } from '../errors.ts';
import { candidates } from './candidates.ts';
import { type DockerConnection, noEngine, type Refusal, tryCandidates } from './connect.ts';
import { isOnPath } from './packages.ts';

const LOG = '/var/log/proofbox-dockerd.log';
const START_LIMIT_MS = 60_000;
const PID_FILES = [
  { file: '/var/run/docker.pid', program: 'dockerd' },
  { file: '/var/run/docker/containerd/containerd.pid', program: 'containerd' },
];

/**
 * Starts the engine and waits until it answers.
 * @throws ProofboxError `host` with the engine's last word and where its log is
 */
export async function startEngine(say: (line: string) => void): Promise<DockerConnection> {
  if (existsSync('/run/systemd/system')) {
    await startService(say);
    return awaitEngine(() => false, 'read: journalctl -u docker');
  }
  if (
    (await readFile('/proc/mounts', 'utf8')).includes(' cgroup') === false &&
    (await isOnPath('cgroupfs-mount'))
  )
    await execa('cgroupfs-mount', { stdin: 'ignore', reject: false });
  say(`starting dockerd; its output goes to ${LOG}`);
  PID_FILES.forEach(removeStale);
  const hasEnded = spawnDaemon();
  const connection = await awaitEngine(hasEnded, `read ${LOG}, mend what it says, then run it again`);
  say(`Docker answers at ${connection.endpoint}`);
  return connection;
}

async function startService(say: (line: string) => void): Promise<void> {
  say('starting Docker with systemd');
  await execa('systemctl', ['start', 'docker'], { stdin: 'ignore' }).catch((cause) => {
    throw new ProofboxError('host', 'systemd cannot start Docker', {
      fix: 'read: journalctl -u docker',
      cause,
    });
  });
}

/** In a session of its own with no descriptor of ours: whoever called the set-up, with a pipe or without, can end. */
function spawnDaemon(): () => boolean {
  const log = openSync(LOG, 'a');
  let ended = false;
  const daemon = spawn('dockerd', [], { cwd: '/', detached: true, stdio: ['ignore', log, log] });
  const end = () => {
    ended = true;
  };
  daemon.once('error', end).once('exit', end);
  daemon.unref();
  closeSync(log);
  return () => ended;
}

/**
 * A machine that lost power keeps its pid files, and the number may be another program's by now: dockerd then takes
 * that program for itself (or for its containerd) and does not start.
 */
function removeStale({ file, program }: { file: string; program: string }): void {
  if (!isRunning(file, program)) rmSync(file, { force: true });
}

function isRunning(file: string, program: string): boolean {
  try {
    const pid = Number(readFileSync(file, 'utf8').trim());
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim() === program;
  } catch {
    return false;
  }
}

async function awaitEngine(hasEnded: () => boolean, fix: string): Promise<DockerConnection> {
  const until = Date.now() + START_LIMIT_MS;
  let refusals: Refusal[] = [];
  while (Date.now() < until) {
    const attempt = await tryCandidates(await candidates(process.env));
    if (attempt.connection !== null) return attempt.connection;
    refusals = attempt.refusals;
    // Ours may have ended because another set-up started one at the same time: then that one is waited for.
    const other = PID_FILES.slice(0, 1).some(({ file, program }) => isRunning(file, program));
    if (hasEnded() && !other)
      throw new ProofboxError('host', `dockerd does not start: ${await lastWord()}`, { fix });
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
  throw noEngine(refusals, fix);
}

async function lastWord(): Promise<string> {
  const text = await readFile(LOG, 'utf8').catch(() => '');
  return text.trim().split('\n').at(-1)?.slice(0, 300) ?? 'it says nothing';
}
