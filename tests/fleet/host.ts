/** Hosts of a fleet on this machine: each has a network with one cable, a container engine and a folder of its own. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, readlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Outcome, proofbox } from '../integration/product.ts';
import { SecondDaemon } from '../integration/second-daemon.ts';
import type { Share } from './share.ts';
import { MAIN, type Site, type Worker } from './site.ts';

function ip(...words: string[]): void {
  try {
    execFileSync('ip', words, { stdio: 'pipe' });
  } catch (cause) {
    throw new Error(`this machine makes no networks for hosts of a fleet (root and iproute2 are needed)`, {
      cause,
    });
  }
}

/** What the hosts' cables lead to. Whoever listens on its address is reached by all of them, and by this machine. */
export class Switch {
  // Names of interfaces have room for 15 bytes.
  readonly name = `pb${process.pid}`;
  /** of the range that is set aside for testing networks */
  readonly #range = `198.18.${process.pid % 256}`;
  readonly address = `${this.#range}.1`;

  start(): void {
    ip('link', 'add', this.name, 'type', 'bridge');
    ip('address', 'add', `${this.address}/24`, 'dev', this.name);
    ip('link', 'set', this.name, 'up');
  }

  /** Puts a cable between the switch and a network; its near end gets the name that is returned. */
  connect(network: number, n: number): string {
    const [near, far] = [`${this.name}n${n}`, `${this.name}f${n}`];
    ip('link', 'add', near, 'type', 'veth', 'peer', 'name', far, 'netns', String(network));
    ip('link', 'set', near, 'master', this.name, 'up');
    const inside = (...words: string[]) =>
      execFileSync('nsenter', [`--net=/proc/${network}/ns/net`, 'ip', ...words], { stdio: 'pipe' });
    inside('link', 'set', 'lo', 'up');
    inside('address', 'add', `${this.#range}.${n + 1}/24`, 'dev', far);
    inside('link', 'set', far, 'up');
    return near;
  }

  remove(): void {
    if (existsSync(`/sys/class/net/${this.name}`)) ip('link', 'delete', this.name);
  }
}

export class Host {
  #holder: ChildProcess | null = null;
  #daemon: SecondDaemon | null = null;
  #cable = '';

  constructor(
    private readonly site: Site,
    private readonly wires: Switch,
    readonly name: string,
    /** from 1; no two hosts of a switch have the same */
    private readonly n: number,
    /** of the processors; all of them where there is none */
    private readonly share?: Share,
  ) {}

  get daemon(): SecondDaemon {
    if (this.#daemon === null) throw new Error(`${this.name} has not been started`);
    return this.#daemon;
  }

  /** @param image that its engine is to have */
  async start(image: string): Promise<void> {
    this.share?.start();
    // The network lives as long as a process in it. This one ends by itself where the test is killed.
    this.#holder = spawn('unshare', ['--net', 'cat'], { stdio: ['pipe', 'ignore', 'inherit'] });
    const pid = this.#holder.pid ?? 0;
    const ours = readlinkSync('/proc/self/ns/net');
    const isInside = () =>
      readFileSync(`/proc/${pid}/comm`, 'utf8').trim() === 'cat' && readlinkSync(this.#network) !== ours;
    for (let n = 0; n < 200 && !isInside(); n += 1) await sleep(25);
    if (!isInside())
      throw new Error('this machine makes no network namespace (root and util-linux are needed)');
    this.#cable = this.wires.connect(pid, this.n);
    this.#daemon = new SecondDaemon({ network: this.#network, share: this.share });
    await this.daemon.start();
    await this.daemon.load(image);
  }

  get #network(): string {
    return `/proc/${this.#holder?.pid}/ns/net`;
  }

  get #environment(): Record<string, string> {
    return { DOCKER_HOST: `unix://${this.daemon.socket}` };
  }

  /** Its worker; the next one goes on in the folder of the one before. */
  worker(url: string, args: string[]): Promise<Worker> {
    return this.site.worker(url, this.name, args, {
      env: this.#environment,
      main: [...(this.share?.command ?? []), 'nsenter', `--net=${this.#network}`, 'node', MAIN],
    });
  }

  /** As the service does before each start. */
  gc({ folder }: Worker): Promise<Outcome> {
    return proofbox(['gc'], { cwd: folder, env: this.#environment });
  }

  /** Pulls the cable out. */
  cut(): void {
    ip('link', 'set', this.#cable, 'down');
  }

  mend(): void {
    ip('link', 'set', this.#cable, 'up');
  }

  /** Its worker must have ended. */
  async remove(): Promise<void> {
    await this.#daemon?.remove();
    const holder = this.#holder;
    if (holder !== null && holder.exitCode === null) {
      const over = once(holder, 'exit');
      holder.stdin?.end();
      await over;
    }
    await this.share?.remove();
  }
}
