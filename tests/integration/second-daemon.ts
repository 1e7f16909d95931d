/** A container engine of the test's own, beside the host's: one that may be killed. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import Docker from 'dockerode';
import { execa } from 'execa';

export class SecondDaemon {
  readonly socket: string;
  readonly docker: Docker;
  readonly #folder: string;
  #process: ChildProcess | null = null;

  constructor() {
    // A path of a socket has room for 108 bytes.
    this.#folder = mkdtempSync('/tmp/pbd-');
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
    ].flat();
    // In a network of its own: an engine without a bridge would take the host's one away.
    this.#process = spawn('unshare', ['--net', 'dockerd', ...args], { stdio: ['ignore', log, log] });
    for (let n = 0; n < 300; n += 1) {
      if (await this.docker.ping().catch(() => null)) return;
      await sleep(100);
    }
    throw new Error(`the second engine does not start: ${readFileSync(at('log'), 'utf8').slice(-2000)}`);
  }

  /** Gives it an image of the host's engine. */
  async load(reference: string): Promise<void> {
    const stream = await new Docker().getImage(reference).get();
    const loaded = await this.docker.loadImage(stream);
    await new Promise((resolve, reject) =>
      this.docker.modem.followProgress(loaded, (error) => (error ? reject(error) : resolve(null))),
    );
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
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
