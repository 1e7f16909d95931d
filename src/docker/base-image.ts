/** The Debian 12 root file system below the sandbox image: pulled where a registry answers, else made here. */
import type Docker from 'dockerode';
import { execa } from 'execa';
import { ProofboxError } from '../errors.ts';
import { baseReference } from './inputs.ts';
import { installPackages } from './packages.ts';

const PUBLISHED = 'debian:bookworm-slim';
/** A registry that says nothing for this long is taken as absent. */
const PULL_SILENCE_MS = 15_000;

/**
 * Makes sure that the base image exists.
 * @throws ProofboxError `host` where it can be neither pulled nor made
 */
export async function ensureBase(docker: Docker, onStep: (text: string) => void): Promise<void> {
  const reference = baseReference();
  if (await exists(docker, reference)) return;
  onStep(`pulling ${PUBLISHED}`);
  const refused = await pull(docker).catch((error: Error) => error);
  if (refused === null) {
    const [repo = '', tag = ''] = reference.split(':');
    await docker.getImage(PUBLISHED).tag({ repo, tag });
    return;
  }
  onStep(`no registry answers (${refused.message.split('\n')[0]}); making the base with mmdebstrap`);
  await bootstrap(docker, reference, refused);
}

/** @throws Error where the registry refuses, or says nothing for too long */
async function pull(docker: Docker): Promise<null> {
  const silence = new AbortController();
  let timer = setTimeout(() => silence.abort(), PULL_SILENCE_MS);
  const quiet = new Promise<never>((_, reject) => {
    silence.signal.addEventListener('abort', () =>
      reject(new Error(`no word within ${PULL_SILENCE_MS / 1000} s`)),
    );
  });
  const work = docker.pull(PUBLISHED, {}).then(
    (stream) =>
      new Promise<null>((resolve, reject) => {
        docker.modem.followProgress(
          stream,
          (error) => (error === null || error === undefined ? resolve(null) : reject(error)),
          () => {
            clearTimeout(timer);
            timer = setTimeout(() => silence.abort(), PULL_SILENCE_MS);
          },
        );
      }),
  );
  work.catch(() => undefined);
  try {
    return await Promise.race([work, quiet]);
  } finally {
    clearTimeout(timer);
  }
}

async function bootstrap(docker: Docker, reference: string, refused: Error): Promise<void> {
  await installPackages(['mmdebstrap', 'debian-archive-keyring'], 'mmdebstrap', refused);
  const [repo = '', tag = ''] = reference.split(':');
  const maker = execa(
    'mmdebstrap',
    ['--quiet', '--variant=minbase', '--include=ca-certificates', 'bookworm', '-'],
    {
      buffer: { stdout: false },
      stdin: 'ignore',
      env: { SOURCE_DATE_EPOCH: '0' },
    },
  );
  const failed = maker.then(
    () => null,
    (error: Error & { stderr?: string }) => error,
  );
  const imported = await docker.importImage(maker.stdout, { repo, tag }).catch((error: Error) => error);
  const stream = imported instanceof Error ? null : (imported as NodeJS.ReadableStream);
  if (stream !== null) for await (const _ of stream);
  const failure = (await failed) ?? (imported instanceof Error ? imported : null);
  if (failure === null && (await exists(docker, reference))) return;
  await docker
    .getImage(reference)
    .remove()
    .catch(() => undefined);
  throw new ProofboxError('host', `the base image can be neither pulled nor made: ${lastLine(failure)}`, {
    fix: "give the host a route to Debian's packages or to an image registry, or docker load debian:bookworm-slim",
    cause: failure,
  });
}

function lastLine(error: (Error & { stderr?: string }) | null): string {
  const text = error?.stderr || error?.message || 'mmdebstrap made nothing';
  return text.trim().split('\n').at(-1) ?? text;
}

async function exists(docker: Docker, reference: string): Promise<boolean> {
  return docker
    .getImage(reference)
    .inspect()
    .then(
      () => true,
      () => false,
    );
}
