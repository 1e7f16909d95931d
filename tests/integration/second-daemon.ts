/** A container engine of the test's own, beside the host's: one that may be killed. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import Docker from 'dockerode';
import { execa } from 'execa';
import { follow } from '../../src/docker/follow.ts';

export interface DaemonSettings {
  /** more OCI runtimes by name, as dockerd's configuration file has them */
  runtimes?: Record<string, { path: string; runtimeArgs?: string[] }>;
  /** the host's number of the cage's root: users are remapped from there on */
  remapFrom?: number;
  /** file of the network namespace it lives in; else one of its own */
  network?: string;
  /** a part of the processors for it and its containers: what stands before its command, and its cgroup */
  share?: { command: string[]; parent: string } | undefined;
}

/** Gives another container engine an image of the host's. */
export async function loadInto(docker: Docker, reference: string): Promise<void> {
  await follow(docker, await docker.loadImage(await new Docker().getImage(reference).get()));
}

const SUBORDINATE = ['/etc/subuid', '/etc/subgid'];
/** Whoever is taken for the owner of the remapped range; every Debian has both names. */
const REMAPPED = { user: 'nobody', group: 'nogroup' };

export class SecondDaemon {
  readonly socket: string;
  readonly docker: Docker;
  readonly #folder: string;
  /** files of the host that were not there before */
  readonly #made: string[] = [];
  #process: ChildProcess | null = null;

  constructor(private readonly settings: DaemonSettings = {}) {
    // A path of a socket has room for 108 bytes.
    this.#folder = mkdtempSync('/tmp/pbd-');
    // A remapped root is somebody else, and must be able to pass.
    chmodSync(this.#folder, 0o711);
    this.socket = join(this.#folder, 's');
    this.docker = new Docker({ socketPath: this.socket });
  }

  async start(): Promise<void> {
    const at = (name: string) => join(this.#folder, name);
    for (const name of ['data', 'exec']) mkdirSync(at(name), { recursive: true });
    const log = openSync(at('log'), 'a');
    rmSync(at('pid'), { force: true });
    const args = [
      ['--data-root', at('data')],
      ['--exec-root', at('exec')],
      ['--pidfile', at('pid')],
      ['--host', `unix://${this.socket}`],
      ['--bridge', 'none'],
      ['--iptables=false'],
      ['--ip6tables=false'],
      ['--config-file', at('daemon.json')],
      this.settings.remapFrom === undefined ? [] : ['--userns-remap', `${REMAPPED.user}:${REMAPPED.group}`],
    ].flat();
    writeFileSync(at('daemon.json'), JSON.stringify({ runtimes: this.settings.runtimes ?? {} }));
    const { network, share } = this.settings;
    if (share !== undefined) args.push('--cgroup-parent', share.parent);
    // Never in the host's network: an engine without a bridge would take the host's one away.
    const [program = '', ...words] = [
      ...(share?.command ?? []),
      ...(network === undefined ? ['unshare', '--net'] : ['nsenter', `--net=${network}`, 'unshare']),
    ];
    this.#process = spawn(program, [...words, ...this.#remapped(), 'dockerd', ...args], {
      stdio: ['ignore', log, log],
    });
    for (let n = 0; n < 300; n += 1) {
      if (await this.docker.ping().catch(() => null)) return;
      await sleep(100);
    }
    throw new Error(`the second engine does not start: ${readFileSync(at('log'), 'utf8').slice(-2000)}`);
  }

  /** The host's own list of subordinate numbers stays as it is: another lies over it in a mount namespace. */
  #remapped(): string[] {
    if (this.settings.remapFrom === undefined) return [];
    const list = join(this.#folder, 'subordinate');
    const line = (name: string) => `${name}:${this.settings.remapFrom}:65536\n`;
    writeFileSync(list, line(REMAPPED.user) + line(REMAPPED.group));
    for (const file of SUBORDINATE) {
      if (existsSync(file)) continue;
      writeFileSync(file, '');
      this.#made.push(file);
    }
    const script = `for file in ${SUBORDINATE.join(' ')}; do mount --bind "$0" "$file" || exit 1; done; exec "$@"`;
    return ['--mount', 'sh', '-c', script, list];
  }

  /** Gives it an image of the host's engine. */
  load(reference: string): Promise<void> {
    return loadInto(this.docker, reference);
  }

  async kill(): Promise<void> {
    const child = this.#process;
    if (child === null || child.exitCode !== null) return;
    const over = once(child, 'exit');
    child.kill('SIGKILL');
    await over;
    // Its containerd dies with it, a moment later; a number in its file would be taken for a living one.
    const file = join(this.#folder, 'exec/containerd/containerd.pid');
    const pid = existsSync(file) ? readFileSync(file, 'utf8').trim() : '';
    for (let n = 0; n < 100 && pid !== '' && existsSync(`/proc/${pid}`); n += 1) await sleep(50);
    rmSync(file, { force: true });
  }

  async remove(): Promise<void> {
    const child = this.#process;
    if (child !== null && child.exitCode === null && child.signalCode === null) {
      const over = once(child, 'exit');
      child.kill('SIGTERM');
      await over;
    }
    const pid = join(this.#folder, 'exec/containerd/containerd.pid');
    await execa('sh', ['-c', `[ ! -f ${pid} ] || kill $(cat ${pid})`], { reject: false });
    await sleep(500);
    const { stdout } = await execa('sh', [
      '-c',
      `grep ' ${this.#folder}' /proc/mounts | cut -d ' ' -f 2 | sort -r`,
    ]);
    for (const mount of stdout.split('\n').filter((line) => line !== ''))
      await execa('umount', ['-l', mount]);
    for (const path of [this.#folder, ...this.#made]) rmSync(path, { recursive: true, force: true });
  }
}
