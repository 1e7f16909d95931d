/**
 * The kernel as a witness of what is done in cages, from outside of them: bpftrace with the program of program.ts, for as long as
 * a test plays its cages. It counts for all containers of the host; whose is whose is told by the container's id.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { execa } from 'execa';
import { isOnPath } from '../../../src/docker/packages.ts';
import type { Call } from './calls.ts';
import { FLAGS, type Kernel, LAYOUTS, NEEDED, program, trial } from './program.ts';

/** Room in each of the kernel's maps. One that were full would lose counts: `total` is held against the sum. */
const ROOM = 524_288;
const ENVIRONMENT = { BPFTRACE_STRLEN: '100', BPFTRACE_MAP_KEYS_MAX: String(ROOM) };

export interface Counted extends Call {
  /** through the interface of 32-bit programs, or with the bit of x32 */
  foreign: boolean;
  count: number;
}

export interface Effect {
  /** null where the task was in no call: a page fault, the last close of a removed file, its end */
  call: Call | null;
  /** `journal 4` for what ext4 opened its journal for; the others for what of an inode was changed, on a device */
  kind: `journal ${number}` | 'inode' | 'pages' | 'times';
  count: number;
}

/** What the kernel did for the tasks of one cage, from the first program on that was started there. */
export interface Seen {
  calls: Counted[];
  effects: Effect[];
}

const X32_BIT = 0x40000000;
const SIGINT_BIT = 1n << BigInt(constants.signals.SIGINT - 1);

/** Learns what differs between kernels by asking this one; a string says why it cannot be asked. */
export async function askKernel(): Promise<Kernel | string> {
  if (process.platform !== 'linux' || process.arch !== 'x64') return 'the tables are those of x86_64';
  if (process.getuid?.() !== 0) return 'only root may trace';
  if (!(await isOnPath('bpftrace'))) return 'bpftrace is not installed';
  for (const [point, field] of Object.entries(NEEDED)) {
    const format = await readFile(join('/sys/kernel/tracing/events', point, 'format'), 'utf8').catch(
      () => '',
    );
    if (!new RegExp(`\\b${field};`).test(format))
      return `this kernel has no tracepoint ${point} with ${field}`;
  }
  const own = /\[(\d+)\]/.exec(readlinkSync('/proc/self/ns/pid'))?.[1];
  let last = '';
  for (const flags of FLAGS) {
    for (const layout of LAYOUTS) {
      for (const level of [0, 1]) {
        const { stdout, stderr, failed } = await execa('bpftrace', ['-e', trial(layout, flags, level)], {
          reject: false,
          timeout: 30_000,
        });
        const [found, inum] = /^(\d+) (\d+) \d+$/m.exec(stdout)?.slice(1) ?? [];
        if (!failed && Number(found) === level && inum === own) return { layout, flags, level: level + 1 };
        last = stderr.trim().split('\n').at(-1) ?? '';
        if (failed && !/I_DIRTY/.test(stderr)) return `bpftrace cannot trace here: ${last}`;
      }
    }
  }
  return `bpftrace does not find this process in the kernel: ${last}`;
}

export class Witness {
  readonly #process: ChildProcess;
  readonly #folder: string;
  readonly #ended: Promise<unknown>;
  #output = '';
  #errors = '';

  private constructor(folder: string, file: string) {
    this.#folder = folder;
    // A group of its own: an interrupt at the terminal ends the test, which ends this.
    this.#process = spawn('bpftrace', ['-f', 'json', file], {
      env: { ...process.env, ...ENVIRONMENT },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    this.#ended = once(this.#process, 'close');
    this.#process.stdout?.on('data', (bytes: Buffer) => {
      this.#output += bytes.toString();
    });
    this.#process.stderr?.on('data', (bytes: Buffer) => {
      this.#errors += bytes.toString();
    });
  }

  /** Returns when every probe is in place. */
  static async start(kernel: Kernel): Promise<Witness> {
    const folder = await mkdtemp(join(tmpdir(), 'proofbox-witness-'));
    const file = join(folder, 'program.bt');
    await writeFile(file, program(kernel));
    const witness = new Witness(folder, file);
    while (!witness.#output.includes('"ready\\n"')) {
      if (witness.#process.exitCode !== null) throw new Error(`bpftrace ended: ${witness.#errors}`);
      await delay(50);
    }
    return witness;
  }

  /** How often a probe was left out, because another was at work on the same processor. */
  get #missed(): number {
    const folder = `/proc/${this.#process.pid}/fdinfo`;
    const counts = readdirSync(folder).flatMap((fd) =>
      [...readFileSync(join(folder, fd), 'utf8').matchAll(/^recursion_misses:\s+(\d+)$/gm)].map(([, n]) =>
        Number(n),
      ),
    );
    if (counts.length === 0) throw new Error('this kernel does not say whether a probe was left out');
    return counts.reduce((sum, n) => sum + n, 0);
  }

  /** Ends the witness; what it saw, by the ids of containers. */
  async stop(): Promise<{ missed: number; cage(id: string): Seen }> {
    if (this.#process.exitCode !== null) throw new Error(`bpftrace ended too early: ${this.#errors}`);
    const missed = this.#missed;
    this.#interrupt();
    // It hears a signal only while it waits, and one that comes in between is forgotten.
    const again = setInterval(() => this.#interrupt(), 1000);
    await this.#ended.finally(() => clearInterval(again));
    await rm(this.#folder, { recursive: true });
    const { exitCode } = this.#process;
    if (exitCode !== 0) throw new Error(`bpftrace ended with ${exitCode}: ${this.#errors}`);
    if (/lost/i.test(this.#errors)) throw new Error(`bpftrace lost something: ${this.#errors}`);
    const maps = mapsOf(this.#output);
    return { missed, cage: (id) => seen(maps, id) };
  }

  get #hasEnded(): boolean {
    return this.#process.exitCode !== null || this.#process.signalCode !== null;
  }

  /** Nothing where it has heard: it prints its maps then, and takes the next signal for an end without them. */
  #interrupt(): void {
    if (this.#hasEnded) return;
    const status = readFileSync(`/proc/${this.#process.pid}/status`, 'latin1');
    const caught = BigInt(`0x${/^SigCgt:\s*(\w+)$/m.exec(status)?.[1] ?? '0'}`);
    if ((caught & SIGINT_BIT) !== 0n) this.#process.kill('SIGINT');
  }

  /** For a test that did not come to its end. */
  async abandon(): Promise<void> {
    if (!this.#hasEnded) this.#process.kill('SIGKILL');
    await this.#ended;
    await rm(this.#folder, { recursive: true, force: true });
  }
}

type Maps = Map<string, [key: string[], value: number][]>;

function mapsOf(output: string): Maps {
  const maps: Maps = new Map();
  for (const line of output.split('\n')) {
    if (!line.startsWith('{')) continue;
    const { type, data } = JSON.parse(line) as { type: string; data: Record<string, Record<string, number>> };
    if (type === 'lost_events') throw new Error(`bpftrace lost events: ${line}`);
    if (type !== 'map') continue;
    for (const [name, entries] of Object.entries(data))
      maps.set(
        name,
        Object.entries(entries).map(([key, value]) => [key.split(','), value]),
      );
  }
  return maps;
}

/** @throws where no program was started in such a container, or not all of its calls found room */
function seen(maps: Maps, id: string): Seen {
  const cages = new Set(
    (maps.get('@name') ?? []).filter(([[, name = '']]) => name.includes(id)).map(([[cage]]) => cage),
  );
  if (cages.size !== 1) throw new Error(`the kernel saw ${cages.size} first processes of ${id}`);
  const of = (name: string) => (maps.get(name) ?? []).filter(([[cage]]) => cages.has(cage));
  const calls = of('@calls').map(([[, id = '', abi, detail], count]) => {
    const number = Number(id);
    return { number, detail: Number(detail), foreign: abi === '1' || (number & X32_BIT) !== 0, count };
  });
  const sum = (...names: string[]) => names.flatMap(of).reduce((all, [, count]) => all + count, 0);
  if (sum('@calls') !== sum('@total') || sum('@journal', '@dirty') !== sum('@changes'))
    throw new Error(`the maps of the kernel had no room for everything of ${id}: too many other containers`);
  const journal = of('@journal').map(([[, call, kind], count]) => ({
    call: decoded(Number(call)),
    kind: `journal ${Number(kind)}` as const,
    count,
  }));
  const dirty = of('@dirty')
    .filter(([[, , , number, device = '']]) => device !== '(unknown)' && Number(number) !== numberOf(device))
    .map(([[, call, what], count]) => ({
      call: decoded(Number(call)),
      kind: (['times', 'pages', 'inode'] as const)[Number(what)] ?? 'inode',
      count,
    }));
  return { calls, effects: [...journal, ...dirty] };
}

/** The number is kept with one added, below the detail; see program.ts. */
function decoded(kept: number): Call | null {
  if (kept === 0) return null;
  return { number: (kept - 1) % 0x10000, detail: Math.floor((kept - 1) / 0x10000) };
}

/** The number that the kernel gives the inode of a device such as `254:0`; 0 is none. */
function numberOf(device: string): number {
  const [major, minor] = device.split(':').map(Number);
  return major === undefined || minor === undefined ? -1 : major * 0x100000 + minor;
}
