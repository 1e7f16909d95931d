/**
 * Writes watch.jsonl, in the order in which things were seen. Names no path of the host and never a place behind a link;
 * a disk that refuses ends the log without a `drained` line.
 */
import { closeSync, fsyncSync, lstatSync, openSync, type Stats, writeSync } from 'node:fs';
import { relative } from 'node:path';
import { ProofboxError } from '../errors.ts';
import type { WatchRecord } from '../schema/tree.ts';

export interface WatchLogOptions {
  /** host path of runtime_workspace_root */
  workspace: string;
  /** host path of run_artifact_dir */
  artifacts: string;
  /** milliseconds since the run began, monotonic */
  clock: () => number;
  /** becomes watch.jsonl; must not exist yet and must not lie in a watched folder */
  spoolFile: string;
  nonce: string;
}

/** What is recorded of a path. */
export type Sight = 'add' | 'addDir' | 'change' | 'unlink' | 'unlinkDir';

/** Deeper folders are not watched: the library walks them recursively. */
export const MAX_DEPTH = 64;

/**
 * Whether a folder on the way became a link under the library's hands: what it lists then is the host's, and
 * nothing that the engine made. The link itself is an entry of its own and is recorded.
 */
function liesBehindLink(path: string, inside: string): boolean {
  const root = path.slice(0, path.length - inside.length);
  for (let slash = inside.indexOf('/'); slash !== -1; slash = inside.indexOf('/', slash + 1)) {
    let folder: Stats | undefined;
    try {
      folder = lstatSync(root + inside.slice(0, slash), { throwIfNoEntry: false });
    } catch {
      // Closed by its owner or renamed out of reach: nobody could have looked behind it.
      return false;
    }
    if (folder === undefined) return false;
    if (folder.isSymbolicLink()) return true;
  }
  return false;
}

const FLUSH_BYTES = 64 * 1024;

/** One watch.jsonl. */
export class WatchLog {
  /** everything the kernel or the library told us of, recorded or not */
  activity = 0;
  readonly #options: WatchLogOptions;
  readonly #roots: { name: 'workspace' | 'artifacts'; path: string }[];
  #fd: number | null;
  #seq = 0;
  #errors = 0;
  #isReady = false;
  #pending = '';
  #deepest = false;

  constructor(options: WatchLogOptions) {
    this.#options = options;
    this.#roots = [
      { name: 'workspace', path: options.workspace },
      { name: 'artifacts', path: options.artifacts },
    ];
    try {
      this.#fd = openSync(options.spoolFile, 'wx', 0o600);
    } catch (cause) {
      throw new ProofboxError('host', `the watcher cannot write ${options.spoolFile}`, {
        fix: 'check the space and the permissions of the run directory',
        cause,
      });
    }
  }

  get isReady(): boolean {
    return this.#isReady;
  }

  ready(): void {
    this.#isReady = true;
    this.#write({ event: 'ready', root: 'none', path: '', nonce: this.#options.nonce });
  }

  drained(): void {
    this.#write({ event: 'drained', root: 'none', path: '' });
  }

  stirred(): void {
    this.activity += 1;
  }

  /** @param path absolute, of the host */
  saw(event: Sight, path: string): void {
    this.activity += 1;
    const { root, path: inside } = this.#place(path);
    if (!this.#isReady || inside === '' || liesBehindLink(path, inside)) return;
    this.#write({ event, root, path: inside });
    if (event === 'addDir' && !this.#deepest && inside.split('/').length > MAX_DEPTH) {
      this.#deepest = true;
      this.failed(new Error(`folders deeper than ${MAX_DEPTH} levels are not watched`));
    }
  }

  failed(error: unknown): void {
    this.activity += 1;
    this.#errors += 1;
    const { message, path } = error as NodeJS.ErrnoException;
    const at = typeof path === 'string' ? this.#place(path) : { root: 'none' as const, path: '' };
    // The system's message names the host's path, which is nobody's business; the record has its own place for it.
    const text = (message ?? String(error)).split(`'`)[0]?.trim() ?? '';
    if (this.#isReady) this.#write({ event: 'error', ...at, message: text.slice(0, 500) });
  }

  close(): { records: number; errors: number } {
    this.#flush();
    if (this.#fd !== null) {
      try {
        fsyncSync(this.#fd);
      } catch {
        this.#errors += 1;
      }
      closeSync(this.#fd);
      this.#fd = null;
    }
    return { records: this.#seq, errors: this.#errors };
  }

  #place(path: string): { root: WatchRecord['root']; path: string } {
    for (const root of this.#roots) {
      const inside = relative(root.path, path);
      if (inside !== '..' && !inside.startsWith('../')) return { root: root.name, path: inside };
    }
    return { root: 'none', path: '' };
  }

  #write(record: Omit<WatchRecord, 'seq' | 't_ms'>): void {
    this.#seq += 1;
    if (this.#pending === '') setImmediate(() => this.#flush());
    this.#pending += `${JSON.stringify({ seq: this.#seq, t_ms: this.#options.clock(), ...record })}\n`;
    if (this.#pending.length > FLUSH_BYTES) this.#flush();
  }

  #flush(): void {
    const bytes = Buffer.from(this.#pending);
    this.#pending = '';
    try {
      for (let at = 0; this.#fd !== null && at < bytes.length; ) at += writeSync(this.#fd, bytes, at);
    } catch {
      this.#errors += 1;
      if (this.#fd !== null) closeSync(this.#fd);
      this.#fd = null;
    }
  }
}
