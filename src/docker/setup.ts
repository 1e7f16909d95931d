/** The part of scripts/setup that needs Docker: an engine that answers, and the images. */
import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { access } from 'node:fs/promises';
import { createInterface } from 'node:readline/promises';
import { execa } from 'execa';
import { ProofboxError } from '../errors.ts';
import { candidates } from './candidates.ts';
import { type DockerConnection, type Refusal, tryCandidates } from './connect.ts';
import { buildImages, sandboxImage } from './images.ts';
import { installPackages, isDebian, isOnPath } from './packages.ts';

const LOG = '/var/log/proofbox-dockerd.log';
const START_LIMIT_MS = 60_000;

/** Finds or starts an engine, then builds what is missing. Tells its steps to `say`. */
export async function setUp(say: (line: string) => void): Promise<void> {
  const { docker } = await ensureEngine(say);
  const ready = await sandboxImage(docker).catch(() => null);
  if (ready === null) await buildImages(docker, { onStep: say });
}

/**
 * An engine that answers; installed and started where there is none and we may.
 * @throws ProofboxError `host` with the exact command to type
 */
export async function ensureEngine(say: (line: string) => void): Promise<DockerConnection> {
  const first = await tryCandidates(await candidates(process.env));
  if (first.connection !== null) return first.connection;
  if (process.env.DOCKER_HOST) throw unreachable(first.refusals, 'correct DOCKER_HOST, or unset it');
  if (process.getuid?.() !== 0 || !(await isDebian()))
    throw unreachable(first.refusals, await howToInstall());
  if (!(await isOnPath('dockerd'))) {
    await askFirst('There is no container engine. Install docker.io with apt-get and start it?');
    await installPackages(['docker.io', 'iptables', 'ca-certificates'], 'dockerd');
  }
  await startDaemon(say);
  return awaitEngine(say);
}

function unreachable(refusals: Refusal[], fix: string): ProofboxError {
  const tried = refusals.map((refusal) => `${refusal.endpoint}: ${refusal.why}`).join('; ');
  return new ProofboxError('host', `no container engine answers (${tried})`, { fix });
}

async function howToInstall(): Promise<string> {
  if (await isOnPath('dockerd'))
    return 'type: sudo systemctl start docker, and add this user to the docker group';
  return (await isDebian())
    ? "type: sudo sh -c 'apt-get update && apt-get install -y docker.io'"
    : 'install Docker Engine 20.10 or newer and start it';
}

/** A person is asked before anything is installed; a script was told by being run. */
async function askFirst(question: string): Promise<void> {
  if (!process.stdin.isTTY || !process.stderr.isTTY || process.env.CI !== undefined) return;
  const dialog = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await dialog.question(`${question} [Y/n] `);
  dialog.close();
  if (/^(y|yes|)$/i.test(answer.trim())) return;
  throw new ProofboxError('host', 'no container engine, and none was installed', {
    fix: 'type: apt-get install -y docker.io, then run it again',
  });
}

/** Under systemd as a service; else in a session of its own, so that nothing that called the set-up waits for it. */
async function startDaemon(say: (line: string) => void): Promise<void> {
  const hasSystemd = await access('/run/systemd/system').then(
    () => true,
    () => false,
  );
  if (hasSystemd) {
    say('starting Docker with systemd');
    await execa('systemctl', ['start', 'docker'], { stdin: 'ignore' }).catch((cause) => {
      throw new ProofboxError('host', 'systemd cannot start Docker', {
        fix: 'read: journalctl -u docker',
        cause,
      });
    });
    return;
  }
  say(`starting dockerd; its output goes to ${LOG}`);
  const log = openSync(LOG, 'a');
  const daemon = spawn('dockerd', [], { detached: true, stdio: ['ignore', log, log] });
  daemon.on('error', () => undefined);
  daemon.unref();
  closeSync(log);
}

async function awaitEngine(say: (line: string) => void): Promise<DockerConnection> {
  const until = Date.now() + START_LIMIT_MS;
  let refusals: Refusal[] = [];
  while (Date.now() < until) {
    const attempt = await tryCandidates(await candidates(process.env));
    if (attempt.connection !== null) {
      say('Docker answers');
      return attempt.connection;
    }
    refusals = attempt.refusals;
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
  throw unreachable(refusals, `read ${LOG}, mend what it says, then run it again`);
}
