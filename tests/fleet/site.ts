/** A fleet of a test's own: real nats-servers on loopback, and workers as processes, each with a folder of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectNats, type Nats } from '../../src/fleet/connect.ts';
import { PACKAGE_ROOT } from '../../src/package-root.ts';
import type { BatchReport } from '../../src/schema/batch.ts';
import type { Ask, FleetStatus, RunClass } from '../../src/schema/fleet.ts';
import { removeTree } from '../../src/workspace/remove.ts';
import { type Outcome, proofbox } from '../integration/product.ts';

export const MAIN = join(PACKAGE_ROOT, 'dist/cli/main.js');

export async function freePort(address = '127.0.0.1'): Promise<number> {
  const server = createServer().listen(0, address);
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

export interface Started {
  child: ChildProcess;
  /** everything it wrote on standard error so far */
  stderr(): string;
  /** waits until standard error holds the words */
  says(words: string | RegExp): Promise<void>;
  /** its exit code; null where a signal ended it */
  over: Promise<number | null>;
}

function started(child: ChildProcess): Started {
  let text = '';
  let isOver = false;
  child.stderr?.on('data', (part) => {
    text += part;
  });
  const over = once(child, 'exit').then(([code]) => {
    isOver = true;
    return code as number | null;
  });
  return {
    child,
    over,
    stderr: () => text,
    async says(words) {
      const found = () => (typeof words === 'string' ? text.includes(words) : words.test(text));
      for (let n = 0; n < 3000 && !found() && !isOver; n += 1) await sleep(50);
      if (!found()) throw new Error(`it does not say ${words}:\n${text}`);
    },
  };
}

/** A class of runs that no worker of these tests serves. */
export const OF: RunClass = {
  inputs: 'x',
  pool: 'main',
  architecture: 'any',
  runtime: 'default',
  kind: 'plain',
};

/** A message of that class which asks for nothing that is there. */
export function askFor(batch: string, key: string, attempt = 1): Ask {
  const fixture = `sha256:${'0'.repeat(64)}`;
  const none = { cassette: null, contract: null, command: [], npm: [], limits: {} };
  const work = { engine: 'fake', provider: 'none', record: 'writes' } as const;
  return { schema: 'proofbox.ask/v1', assignment: { batch, key }, attempt, fixture, ...none, ...work };
}

export class NatsServer {
  #child: ChildProcess | null = null;

  constructor(
    private readonly folder: string,
    readonly port: number,
    private readonly more: string[] = [],
  ) {}

  get url(): string {
    return `nats://127.0.0.1:${this.port}`;
  }

  async start(): Promise<void> {
    mkdirSync(this.folder, { recursive: true });
    // What its configuration says, nothing here says a second time.
    const own = this.more.includes('-c')
      ? []
      : ['-a', '127.0.0.1', '-p', String(this.port), '-js', '-sd', this.folder];
    const args = [...own, ...this.more];
    this.#child = spawn('nats-server', args, { stdio: ['ignore', 'ignore', 'pipe'] });
    await started(this.#child).says('Server is ready');
  }

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const child = this.#child;
    this.#child = null;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const over = once(child, 'exit');
    child.kill(signal);
    await over;
  }
}

export interface Worker extends Started {
  name: string;
  folder: string;
  pub: string;
}

/** Everything that a test starts is ended and removed by `remove`. */
export class Site {
  readonly dir = mkdtempSync(join(tmpdir(), 'proofbox-fleet-test-'));
  readonly #servers: NatsServer[] = [];
  readonly #children: Started[] = [];
  #next = 0;

  async server(more: string[] = [], port?: number): Promise<NatsServer> {
    const server = new NatsServer(join(this.dir, `nats-${++this.#next}`), port ?? (await freePort()), more);
    this.#servers.push(server);
    await server.start();
    return server;
  }

  /** Three servers, n0 to n2, with the queue of a fleet in three copies. */
  async cluster(settings: string[] = []): Promise<{ servers: NatsServer[]; urls: string }> {
    const ports = await Promise.all([0, 1, 2].map(async () => [await freePort(), await freePort()] as const));
    const routes = ports.map(([, route]) => `nats://127.0.0.1:${route}`).join(',');
    const folder = join(this.dir, `cluster-${++this.#next}`);
    const servers = ports.map(([port, route], n) => {
      const place = ['--cluster', `nats://127.0.0.1:${route}`, '--routes', routes];
      return new NatsServer(join(folder, `n${n}`), port, [
        '--name',
        `n${n}`,
        '--cluster_name',
        'test',
        ...place,
      ]);
    });
    this.#servers.push(...servers);
    await Promise.all(servers.map((server) => server.start()));
    const urls = servers.map(({ url }) => url).join(',');
    // A cluster that has just started has no leader yet.
    for (let n = 0; n < 60 && (await this.init(urls, settings)).exitCode !== 0; n += 1) await sleep(500);
    return { servers, urls };
  }

  /** A key pair; the public half has .pub behind its name. */
  async key(name: string): Promise<string> {
    const file = join(this.dir, `${name}.key`);
    if (!existsSync(file)) await proofbox(['keygen', '--out', file]);
    return file;
  }

  start(
    args: string[],
    cwd: string,
    options: { env?: Record<string, string>; main?: string[] } = {},
  ): Started {
    const [program = 'node', ...words] = options.main ?? ['node', MAIN];
    const child = spawn(program, [...words, ...args], {
      cwd,
      env: { ...process.env, ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child.stdout?.resume();
    const one = started(child);
    this.#children.push(one);
    return one;
  }

  async worker(
    url: string,
    name: string,
    args: string[] = [],
    options: { key?: string; env?: Record<string, string>; main?: string[] } = {},
  ): Promise<Worker> {
    const key = await this.key(options.key ?? name);
    const folder = join(this.dir, `worker-${name}`);
    mkdirSync(folder, { recursive: true });
    const words = ['worker', '--nats', url, '--sign', key, '--name', name, '--concurrency', '1', ...args];
    const one = this.start(words, folder, options);
    await one.says(`worker ${name}:`);
    return { ...one, name, folder, pub: `${key}.pub` };
  }

  manifest(manifest: object): string {
    const file = join(this.dir, `manifest-${++this.#next}.json`);
    writeFileSync(file, JSON.stringify({ schema: 'proofbox.batch/v1', ...manifest }));
    return file;
  }

  /** A batch that goes on by itself; ask `over` and then `report`. */
  batch(url: string, manifest: string, admitted: string[], args: string[] = []) {
    const at = args.indexOf('--out');
    const out = at === -1 ? join(this.dir, `out-${++this.#next}`) : (args[at + 1] ?? '');
    const admit = admitted.flatMap((pub) => ['--admit-worker', pub]);
    const more = at === -1 ? ['--out', out, ...args] : args;
    const one = this.start(['batch', manifest, '--nats', url, ...admit, ...more], this.dir);
    const read = (name: string) => readFileSync(join(out, name), 'utf8');
    return {
      ...one,
      out,
      read,
      report: () => JSON.parse(read('batch.json')) as BatchReport,
      log: () =>
        existsSync(join(out, 'batch.jsonl')) ? read('batch.jsonl').trimEnd().split('\n').slice(1) : [],
    };
  }

  init(url: string, args: string[] = []): Promise<Outcome> {
    return proofbox(['fleet', 'init', '--nats', url, ...args]);
  }

  async status(url: string, args: string[] = []): Promise<FleetStatus> {
    const asked = await proofbox(['fleet', 'status', '--nats', url, '--json', ...args]);
    const { exitCode, stdout, stderr } = asked;
    if (exitCode !== 0) throw new Error(`${stdout}${stderr}`);
    return JSON.parse(stdout) as FleetStatus;
  }

  nats(urls: string): Promise<Nats> {
    const servers = urls.split(',').map((url) => url.replace('nats://', ''));
    return connectNats({ servers, tls: null, credential: null, isLoopback: true }, 'a test');
  }

  /** The runs that a worker has under way, by the folders in its runs folder. */
  underWay({ folder }: Worker): string[] {
    const runs = join(folder, 'runs');
    return existsSync(runs) ? readdirSync(runs).filter((name) => !name.includes('.parcels-')) : [];
  }

  /** Ends every worker and batch that is still there, without a word. */
  async endAll(): Promise<void> {
    for (const { child, over } of this.#children) {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
      await over;
    }
  }

  async remove(): Promise<void> {
    await this.endAll();
    for (const server of this.#servers) await server.kill();
    await proofbox(['gc'], { cwd: this.dir });
    await removeTree(this.dir);
  }
}
