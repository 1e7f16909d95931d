/** The Debian 12 root file system below the sandbox image: pulled where a registry answers, else made here. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type Docker from 'dockerode';
import { execa } from 'execa';
import { ProofboxError } from '../errors.ts';
import { shellWord } from '../shell.ts';
import { cacheDir } from './cache.ts';
import { follow } from './follow.ts';
import { baseReference } from './inputs.ts';
import { lockedPackages, preferences } from './package-lock.ts';
import { installPackages } from './packages.ts';

const PUBLISHED = 'debian:bookworm-slim';
/** Says which way an image's base came: `pulled` or `mmdebstrap`. */
export const BASE_LABEL = 'io.proofbox.base';

/** A registry that says nothing for so long is taken as absent. 0: it is not asked at all. */
function pullLimitMs(): number {
  const seconds = Number(process.env.PROOFBOX_PULL_SECONDS ?? 15);
  return Number.isFinite(seconds) && seconds >= 0 ? seconds * 1000 : 15_000;
}

/**
 * Makes sure that the base image exists, and tells which way it came.
 * @param architecture Docker's word for it, which is also Debian's: amd64, arm64
 * @throws ProofboxError `host` where it can be neither pulled nor made
 */
export async function ensureBase(
  docker: Docker,
  architecture: string,
  onStep: (text: string) => void,
): Promise<string> {
  const reference = baseReference();
  const found = await originOf(docker, reference);
  if (found !== null) return found;
  const refused = await pull(docker, pullLimitMs(), onStep);
  if (refused === null) {
    const [repo = '', tag = ''] = reference.split(':');
    await docker.getImage(PUBLISHED).tag({ repo, tag });
    return 'pulled';
  }
  onStep(`no base image from a registry (${lastLine(refused)}); making it with mmdebstrap`);
  await bootstrap(docker, reference, architecture, refused);
  return 'mmdebstrap';
}

/** Null where the image was pulled, else why not. Each sign of progress starts the limit anew. */
async function pull(docker: Docker, limitMs: number, onStep: (text: string) => void): Promise<Error | null> {
  if (limitMs === 0) return new Error('not asked');
  onStep(`pulling ${PUBLISHED}`);
  const silence = new AbortController();
  const late = new Promise<Error>((resolve) => {
    silence.signal.addEventListener('abort', () => resolve(new Error(`no word for ${limitMs / 1000} s`)));
  });
  const timer = setTimeout(() => silence.abort(), limitMs);
  const work = (async () => {
    const stream = await docker.pull(PUBLISHED, { abortSignal: silence.signal });
    await follow(docker, stream, () => timer.refresh());
    return null;
  })().catch((error: Error) => error);
  const outcome = await Promise.race([work, late]);
  clearTimeout(timer);
  return outcome;
}

async function bootstrap(
  docker: Docker,
  reference: string,
  architecture: string,
  refused: Error,
): Promise<void> {
  await installPackages(['mmdebstrap', 'debian-archive-keyring'], 'mmdebstrap', refused);
  const [repo = '', tag = ''] = reference.split(':');
  const sources = await hostSources(architecture);
  const pins = join(cacheDir(), 'preferences');
  await writeFile(pins, preferences(lockedPackages(architecture)));
  const args = [
    '--quiet',
    '--variant=minbase',
    '--include=ca-certificates',
    `--architectures=${architecture}`,
    `--setup-hook=mkdir -p "$1/etc/apt/preferences.d" && cp ${shellWord(pins)} "$1/etc/apt/preferences.d/proofbox"`,
    '--customize-hook=rm "$1/etc/apt/preferences.d/proofbox"',
  ];
  const maker = execa('mmdebstrap', [...args, 'bookworm', '-', ...sources], {
    buffer: { stdout: false },
    stdin: 'ignore',
    env: { SOURCE_DATE_EPOCH: '0' },
  });
  const failed = maker.then(
    () => null,
    (error: Error & { stderr?: string }) => error,
  );
  const imported = await importTar(docker, maker.stdout, {
    repo,
    tag,
    changes: `LABEL ${BASE_LABEL}=mmdebstrap`,
  });
  const failure = (await failed) ?? imported;
  if (failure === null && (await originOf(docker, reference)) !== null) return;
  // Half a root file system must not be found by the next set-up.
  await docker
    .getImage(reference)
    .remove()
    .catch(() => undefined);
  throw new ProofboxError('host', `the base image can be neither pulled nor made: ${lastLine(failure)}`, {
    fix: "give the host a route to Debian's packages or to an image registry, or docker load debian:bookworm-slim",
    cause: failure,
  });
}

async function importTar(
  docker: Docker,
  tar: NodeJS.ReadableStream,
  options: { repo: string; tag: string; changes: string },
): Promise<Error | null> {
  try {
    const answer = (await docker.importImage(tar, options)) as unknown as AsyncIterable<Buffer>;
    for await (const _ of answer);
    return null;
  } catch (error) {
    // Nobody reads the tar any more: without this its maker would wait for ever.
    tar.resume();
    return error as Error;
  }
}

/** The Debian 12 archives that this host's apt is configured with; none means Debian's own default. */
async function hostSources(architecture: string): Promise<string[]> {
  const format = '$(REPO_URI) $(RELEASE) $(COMPONENT) $(ARCHITECTURE) $(CODENAME)';
  const targets = await execa(
    'apt-get',
    ['indextargets', '--format', format, 'Created-By: Packages', 'Origin: Debian'],
    { reject: false, stdin: 'ignore' },
  );
  if (targets.exitCode !== 0) return [];
  const archives = targets.stdout
    .split('\n')
    .map((line) => line.split(' '))
    .filter(
      ([, , part, arch, name]) => part === 'main' && arch === architecture && name?.startsWith('bookworm'),
    );
  const hasMain = archives.some(([, , , , name]) => name === 'bookworm');
  return hasMain ? archives.map(([uri, release, part]) => `deb ${uri} ${release} ${part}`) : [];
}

function lastLine(error: (Error & { stderr?: string }) | null): string {
  const text = error?.stderr || error?.message || 'mmdebstrap made nothing';
  return (text.trim().split('\n').at(-1) ?? text).trim();
}

/** Which way an image came, or null where there is none. */
async function originOf(docker: Docker, reference: string): Promise<string | null> {
  const found = await docker
    .getImage(reference)
    .inspect()
    .catch(() => null);
  return found === null ? null : (found.Config?.Labels?.[BASE_LABEL] ?? 'pulled');
}
