/** Trees made from a plan, and their patch, for the tests of makePatch. */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { TreeEntry } from '../../src/schema/tree.ts';
import { digestTree } from '../../src/witness/tree.ts';
import { makePatch, type Patch } from '../../src/workspace/patch.ts';

export const LIMITS = { maxEntries: 100_000, maxBytes: 1 << 30 };

/** What stands at a path: a file with a mode, a link, or an empty folder. */
export type Thing =
  | { kind: 'file'; content: Buffer; program: boolean }
  | { kind: 'link'; target: string }
  | { kind: 'dir' };
export type Plan = Map<string, Thing>;

export function file(content: string | Buffer): Thing {
  return { kind: 'file', content: Buffer.from(content), program: false };
}

function at(folder: string, latin1: string): Buffer {
  return Buffer.concat([Buffer.from(`${folder}/`), Buffer.from(latin1, 'latin1')]);
}

export function build(folder: string, plan: Plan): void {
  mkdirSync(folder);
  for (const [path, thing] of plan) {
    const parent = dirname(path);
    if (parent !== '.') mkdirSync(at(folder, parent), { recursive: true });
    if (thing.kind === 'dir') mkdirSync(at(folder, path), { recursive: true });
    if (thing.kind === 'link') symlinkSync(thing.target, at(folder, path));
    if (thing.kind === 'file') {
      writeFileSync(at(folder, path), thing.content);
      chmodSync(at(folder, path), thing.program ? 0o755 : 0o644);
    }
  }
}

/** `before` and `after` lie in one folder, where the patch goes too. */
export function patchOf(
  before: string,
  after: string,
  more: Partial<Parameters<typeof makePatch>[0]> = {},
): Promise<Patch> {
  return makePatch({
    before,
    after,
    leaveOut: ['.git/'],
    maxBytes: 1 << 30,
    scratch: join(dirname(before), 'scratch'),
    out: join(dirname(before), 'patch.diff'),
    ...more,
  });
}

/** Applies the patch beside `folder` to it, as a user would. */
export function apply(folder: string): void {
  if (readFileSync(join(dirname(folder), 'patch.diff')).length === 0) return;
  execFileSync('git', ['apply', '--whitespace=nowarn', join(dirname(folder), 'patch.diff')], {
    cwd: folder,
    env: {
      PATH: process.env.PATH,
      GIT_CEILING_DIRECTORIES: dirname(folder),
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_CONFIG_GLOBAL: '/dev/null',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

export async function entriesOf(folder: string): Promise<TreeEntry[]> {
  return (await digestTree(folder, LIMITS)).entries;
}
