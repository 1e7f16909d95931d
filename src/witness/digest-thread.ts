/**
 * A thread that reads and digests open files beside the one that walks the tree. Only the walker looks names up and opens
 * them; the thread gets descriptors of regular files and gives back digests, over memory that both see, without a message
 * for each. What the thread has no room for, or leaves behind when it dies, the walker reads itself.
 */
import { closeSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { setImmediate } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import type { Digest } from '../schema/common.ts';
import { CHUNK, digestOpen } from './content.ts';

/** Files that are on their way at a time: enough that neither side waits for the other, few enough to stay open. */
const SLOTS = 256;
const DIGEST_BYTES = 32;

/** What a slot holds; only the side that may move it on writes it. */
const STATE = { free: 0, given: 1, taken: 2, digested: 3, unreadable: 4, over: 5 } as const;

/** The memory that both threads see, one slot of each for each file. */
interface Shared {
  states: Int32Array;
  descriptors: Int32Array;
  sizes: Float64Array;
  digests: Uint8Array;
  chunk: number;
  state: typeof STATE;
}

interface Given {
  fd: number;
  size: number;
  settle(digest: Digest | null): void;
}

/** Threads of this process at work; one processor is the walker's. */
let running = 0;

export class DigestThread {
  readonly #shared: Shared;
  readonly #digests: Buffer;
  readonly #given: (Given | null)[] = new Array<Given | null>(SLOTS).fill(null);
  readonly #worker: Worker;
  readonly #ended: Promise<void>;
  #isGone = false;
  #next = 0;
  #oldest = 0;
  #pending = 0;

  /** @returns null where every other processor has one already */
  static start(): DigestThread | null {
    return running < availableParallelism() - 1 ? new DigestThread(loopSource()) : null;
  }

  /** @param source what the thread runs; for tests of one that fails */
  constructor(source: string) {
    running += 1;
    this.#shared = {
      states: new Int32Array(new SharedArrayBuffer(4 * SLOTS)),
      descriptors: new Int32Array(new SharedArrayBuffer(4 * SLOTS)),
      sizes: new Float64Array(new SharedArrayBuffer(8 * SLOTS)),
      digests: new Uint8Array(new SharedArrayBuffer(DIGEST_BYTES * SLOTS)),
      chunk: CHUNK,
      state: STATE,
    };
    this.#digests = Buffer.from(this.#shared.digests.buffer);
    this.#worker = new Worker(source, { eval: true, workerData: this.#shared, execArgv: [], env: {} });
    this.#worker.unref();
    this.#worker.on('error', () => undefined);
    this.#ended = new Promise((resolve) => {
      this.#worker.once('exit', () => {
        this.#isGone = true;
        running -= 1;
        resolve();
      });
    });
  }

  /**
   * Hands over the first `size` bytes of an open regular file, and the descriptor, which is closed when it was read.
   * @param settle called from `collect` or `finish`, in the order in which files were given; null where it was not read whole
   * @returns false where there is no room: the file is still the caller's
   */
  give(fd: number, size: number, settle: (digest: Digest | null) => void): boolean {
    if (this.#pending === SLOTS) this.collect();
    if (this.#pending === SLOTS || this.#isGone) return false;
    const slot = this.#next;
    this.#given[slot] = { fd, size, settle };
    this.#shared.descriptors[slot] = fd;
    this.#shared.sizes[slot] = size;
    this.#move(slot, STATE.given);
    this.#next = (slot + 1) % SLOTS;
    this.#pending += 1;
    return true;
  }

  /** Settles what has been digested. Never waits. */
  collect(): void {
    while (this.#pending > 0) {
      const state = Atomics.load(this.#shared.states, this.#oldest);
      if (state !== STATE.digested && state !== STATE.unreadable) return;
      const at = this.#oldest * DIGEST_BYTES;
      const hex = this.#digests.toString('hex', at, at + DIGEST_BYTES);
      this.#settleOldest(state === STATE.digested ? `sha256:${hex}` : null);
    }
  }

  /**
   * Settles everything that was given, and what a dead thread left too.
   * @throws what `breathe` throws
   */
  async finish(breathe: () => Promise<void> | null): Promise<void> {
    for (this.collect(); this.#pending > 0; this.collect()) {
      const given = this.#given[this.#oldest] ?? null;
      if (this.#isGone && given !== null) {
        const buffer = Buffer.allocUnsafe(CHUNK);
        this.#settleOldest(await digestOpen(given.fd, given.size, buffer, breathe));
      } else await (breathe() ?? setImmediate());
    }
  }

  /** Ends the thread and closes what it had. Settles nothing more. */
  async close(): Promise<void> {
    this.#move(this.#next, STATE.over);
    // Whatever it reads at this moment must still be open.
    await this.#worker.terminate();
    await this.#ended;
    for (const given of this.#given) if (given !== null) closeSync(given.fd);
    this.#given.fill(null);
    this.#pending = 0;
  }

  #settleOldest(digest: Digest | null): void {
    const slot = this.#oldest;
    const given = this.#given[slot] ?? null;
    this.#given[slot] = null;
    this.#oldest = (slot + 1) % SLOTS;
    this.#pending -= 1;
    Atomics.store(this.#shared.states, slot, STATE.free);
    if (given === null) return;
    closeSync(given.fd);
    given.settle(digest);
  }

  #move(slot: number, state: number): void {
    Atomics.store(this.#shared.states, slot, state);
    Atomics.notify(this.#shared.states, slot);
  }
}

/** The thread's program as text. It has nothing but what it is called with: no module of ours is loaded for it. */
export function loopSource(): string {
  return `(${digestLoop})(require('node:worker_threads').workerData, require('node:fs'), require('node:crypto'))`;
}

function digestLoop(
  { states, descriptors, sizes, digests, chunk, state }: Shared,
  fs: typeof import('node:fs'),
  crypto: typeof import('node:crypto'),
): void {
  const buffer = Buffer.allocUnsafe(chunk);
  const results = Buffer.from(digests.buffer);
  const width = digests.length / states.length;
  for (let slot = 0; ; slot = (slot + 1) % states.length) {
    // A slot that was read and not collected yet is waited for like an empty one.
    for (let now = Atomics.load(states, slot); now !== state.given; now = Atomics.load(states, slot)) {
      if (now === state.over) return;
      Atomics.wait(states, slot, now);
    }
    Atomics.store(states, slot, state.taken);
    let left = sizes[slot] ?? 0;
    const fd = descriptors[slot] ?? -1;
    try {
      const sum = crypto.createHash('sha256');
      for (let at = 0; left > 0; ) {
        const read = fs.readSync(fd, buffer, 0, Math.min(buffer.length, left), at);
        if (read === 0) break;
        sum.update(buffer.subarray(0, read));
        at += read;
        left -= read;
      }
      sum.digest().copy(results, slot * width);
    } catch {
      left = -1;
    }
    Atomics.store(states, slot, left === 0 ? state.digested : state.unreadable);
  }
}
