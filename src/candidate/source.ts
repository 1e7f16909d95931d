/**
 * The source of the engine under review: one commit of a checkout that the user names, exported without touching it.
 * The checkout is a forbidden root and as untrusted as the engine: of its own configuration nothing is obeyed.
 */
import { lstat, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { execa } from 'execa';
import tar from 'tar-fs';
import { ProofboxError } from '../errors.ts';
import type { Digest } from '../schema/common.ts';
import { digestTree } from '../witness/tree.ts';
import { emptyRepository, git, gitCommand, gitFailed } from '../workspace/git.ts';

export interface CandidateSource {
  /** as the user gave it */
  path: string;
  /** full id of the commit that HEAD named */
  commit: string;
  /** git's id of its tree */
  tree: string;
}

/** Attributes of the exported tree must not change a byte of it. */
const AS_IT_IS = '* -text -ident -filter -working-tree-encoding -export-ignore -export-subst\n';

/** Far above any engine; a checkout beyond it is the wrong folder. */
const LIMITS = { maxEntries: 200_000, maxBytes: 2 * 1024 ** 3 };

/**
 * Looks at a checkout.
 * @throws ProofboxError `host` with the fix, where it is none or has no commit
 */
export async function readSource(path: string): Promise<CandidateSource> {
  const repository = await gitDirectory(resolve(path));
  try {
    const [commit = '', tree = ''] = (
      await git({ repository }, ['rev-parse', 'HEAD^{commit}', 'HEAD^{tree}'])
    ).split('\n');
    return { path, commit, tree };
  } catch (cause) {
    throw notASource(path, 'has no commit that git can read', cause);
  }
}

/**
 * Writes the tree of the commit into a new folder.
 * @returns the digest of what was written
 * @throws ProofboxError `host` where git cannot read it, or the tree is beyond any engine
 */
export async function exportSource({ path, tree }: CandidateSource, target: string): Promise<Digest> {
  const objects = await objectsOf(await gitDirectory(resolve(path)));
  const scratch = await mkdtemp(join(tmpdir(), 'proofbox-export-'));
  const repository = join(scratch, 'repository');
  try {
    // A repository of our own that borrows the objects: its configuration and attributes are ours.
    await emptyRepository(repository, 'bare');
    await mkdir(join(repository, 'info'), { recursive: true });
    await writeFile(join(repository, 'info/attributes'), AS_IT_IS);
    await mkdir(join(repository, 'objects/info'), { recursive: true });
    await writeFile(join(repository, 'objects/info/alternates'), `${objects}\n`);
    await mkdir(target, { recursive: true });
    const { file, args, options } = gitCommand({ repository }, ['archive', '--format=tar', tree]);
    const archive = execa(file, args, { ...options, reject: false, buffer: { stdout: false } });
    // tar-fs refuses links that lead out of the tree: an engine's source has no use for one.
    await pipeline(archive.readable(), tar.extract(target)).catch((cause: Error) => {
      throw notASource(path, `cannot be exported: ${cause.message.replace(target, '')}`, cause);
    });
    const { failed, stderr, cause } = await archive;
    if (failed) throw gitFailed('archive', stderr, cause);
    const { digest, truncated } = await digestTree(target, LIMITS);
    if (truncated) throw notASource(path, 'is too large to be an engine');
    return digest;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** The repository of a checkout, a linked worktree or a bare clone. */
async function gitDirectory(path: string): Promise<string> {
  const dot = join(path, '.git');
  const found = await lstat(dot).catch(() => null);
  if (found?.isDirectory()) return dot;
  if (found?.isFile()) {
    const target = /^gitdir: (.+)$/m.exec(await readFile(dot, 'utf8'))?.[1];
    if (target !== undefined) return resolve(path, target);
  }
  if ((await lstat(join(path, 'HEAD')).catch(() => null))?.isFile()) return path;
  throw notASource(
    path,
    (await lstat(path).catch(() => null)) === null ? 'does not exist' : 'is no checkout',
  );
}

async function objectsOf(repository: string): Promise<string> {
  const common = await readFile(join(repository, 'commondir'), 'utf8').catch(() => '.');
  return join(resolve(repository, common.trim()), 'objects');
}

function notASource(path: string, why: string, cause?: unknown): ProofboxError {
  return new ProofboxError('host', `the source of Case ${path} ${why}`, {
    fix: 'give --case-source the path of a git checkout of Case',
    ...(cause === undefined ? {} : { cause }),
  });
}
