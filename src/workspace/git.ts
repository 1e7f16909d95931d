/**
 * The one way this program runs git on the host: a fixed environment, no configuration but what stands here, and
 * always an explicit repository of our own making. Never run it with a hostile tree as its repository or folder.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ProofboxError } from '../errors.ts';

/** Nobody's configuration, attributes, hooks, pagers or helpers; a clock and a name that do not change. */
const ENVIRONMENT = {
  LC_ALL: 'C',
  TZ: 'UTC',
  HOME: '/nonexistent',
  XDG_CONFIG_HOME: '/nonexistent',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_SYSTEM: '/dev/null',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_COUNT: '0',
  GIT_ATTR_NOSYSTEM: '1',
  GIT_TERMINAL_PROMPT: '0',
  GIT_OPTIONAL_LOCKS: '0',
  GIT_NO_REPLACE_OBJECTS: '1',
  GIT_DEFAULT_HASH: 'sha1',
  GIT_PAGER: 'cat',
  GIT_AUTHOR_NAME: 'proofbox',
  GIT_AUTHOR_EMAIL: 'proofbox@localhost',
  GIT_AUTHOR_DATE: '2000-01-01T00:00:00Z',
  GIT_COMMITTER_NAME: 'proofbox',
  GIT_COMMITTER_EMAIL: 'proofbox@localhost',
  GIT_COMMITTER_DATE: '2000-01-01T00:00:00Z',
};

const CONFIGURATION = [
  'core.attributesFile=/dev/null',
  'core.excludesFile=/dev/null',
  'core.hooksPath=/dev/null',
  'core.fsmonitor=false',
  'core.autocrlf=false',
  'core.fileMode=true',
  'core.quotePath=true',
  'core.preloadIndex=false',
  'init.defaultBranch=main',
  'commit.gpgSign=false',
  'gc.auto=0',
  // Whatever it keeps is made anew where the machine goes down.
  'core.fsync=none',
  'maintenance.auto=false',
  'protocol.allow=never',
].flatMap((setting) => ['-c', setting]);

export interface GitPlace {
  /** the repository, always one that we made */
  repository: string;
  /** the folder git reads files from, where it reads any */
  worktree?: string;
}

/** What execa needs to run git in `place`; more options may be added by spreading. */
export function gitCommand(place: GitPlace, args: readonly string[]) {
  const env: Record<string, string> = {
    ...ENVIRONMENT,
    PATH: process.env.PATH ?? '/usr/bin:/bin',
    GIT_DIR: place.repository,
  };
  if (place.worktree !== undefined) env.GIT_WORK_TREE = place.worktree;
  return {
    file: 'git',
    args: ['--no-pager', ...CONFIGURATION, ...args],
    options: { env, extendEnv: false, cwd: place.worktree ?? '/', cleanup: true } as const,
  };
}

/**
 * Runs one short git command to its end. It reads nothing and says little.
 * @returns its standard output without the last line end
 * @throws ProofboxError `host` where git is missing or fails
 */
export async function git(place: GitPlace, args: readonly string[]): Promise<string> {
  const { file, args: all, options } = gitCommand(place, args);
  const { env, cwd } = options;
  // By then somebody else is at work, which a run waits for anyway.
  const { execFile } = await import('node:child_process');
  const running = promisify(execFile)(file, all, {
    env,
    cwd,
    timeout: 120_000,
    killSignal: 'SIGKILL',
    maxBuffer: 64 << 20,
  });
  running.child.stdin?.end();
  try {
    return (await running).stdout.replace(/\n$/, '');
  } catch (error) {
    const { stderr = '', message } = error as Error & { stderr?: string };
    throw gitFailed(args[0] ?? 'git', stderr || message, error);
  }
}

/**
 * Makes an empty repository with the branch main, as `git init` does without any template: five folders and two files
 * are written sooner than git is started.
 * @param repository absolute path of a folder that does not exist
 * @throws the system's error where it cannot be made
 */
export async function emptyRepository(repository: string, kind: 'bare' | 'with worktree'): Promise<void> {
  await mkdir(repository);
  for (const folder of ['objects', 'refs', 'refs/heads', 'refs/tags']) await mkdir(join(repository, folder));
  const core = ['repositoryformatversion = 0', 'filemode = true', `bare = ${kind === 'bare'}`];
  if (kind === 'with worktree') core.push('logallrefupdates = true');
  await writeFile(join(repository, 'config'), `[core]\n${core.map((line) => `\t${line}\n`).join('')}`);
  await writeFile(join(repository, 'HEAD'), 'ref: refs/heads/main\n');
}

/** The error of a git command that did not do its work. */
export function gitFailed(command: string, detail: string, cause?: unknown): ProofboxError {
  return new ProofboxError('host', `git ${command} failed: ${detail.trim().split('\n')[0] ?? ''}`, {
    fix: 'check that git runs, and that there is space left on the disk',
    ...(cause === undefined ? {} : { cause }),
  });
}
