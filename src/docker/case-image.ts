/** The image of the engine `case`: named by what goes into it, so that another commit is another image. */
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type Docker from 'dockerode';
import { dependenciesOf } from '../candidate/packages.ts';
import { type CandidateSource, exportSource } from '../candidate/source.ts';
import { ProofboxError } from '../errors.ts';
import { PACKAGE_ROOT } from '../package-root.ts';
import { Candidate } from '../schema/run.ts';
import { digestBytes } from '../witness/content.ts';
import { cacheDir } from './cache.ts';
import { deriveImage, labelOf } from './derived-image.ts';
import { architectureOf, findImage, type SandboxImage } from './images.ts';
import { npmPackages, pinned } from './npm-packages.ts';

export interface CaseImage extends SandboxImage {
  candidate: Candidate;
}

/** Label that says what a Case image is made of, as JSON. */
const CANDIDATE_LABEL = 'io.proofbox.candidate';
const BUN: Record<string, string> = { amd64: 'x64', arm64: 'aarch64' };

/**
 * Finds or builds the image of one commit on top of the sandbox image.
 * @throws ProofboxError `host` that names the step and what to do
 */
export async function caseImage(
  docker: Docker,
  source: CandidateSource,
  sandbox: SandboxImage,
  onStep: (text: string) => void = () => undefined,
): Promise<CaseImage> {
  const reference = await caseReference(source, sandbox);
  const found =
    (await described(docker, reference)) ?? (await made(docker, source, sandbox, reference, onStep));
  if (found !== null) return found;
  throw new ProofboxError('host', 'the image of Case is missing after its build', { fix: 'run it again' });
}

async function made(
  docker: Docker,
  source: CandidateSource,
  sandbox: SandboxImage,
  reference: string,
  onStep: (text: string) => void,
): Promise<CaseImage | null> {
  const architecture = await architectureOf(docker);
  await mkdir(cacheDir(), { recursive: true });
  const folder = await mkdtemp(join(cacheDir(), 'candidate-'));
  try {
    onStep(`exporting commit ${source.commit.slice(0, 12)} of Case`);
    const digest = await exportSource(source, folder);
    onStep('fetching the packages of Case and Bun');
    const manifest = await dependenciesOf(folder);
    const packages = await npmPackages(
      { name: 'candidate', what: 'a package of Case', manifest, lock: null },
      architecture,
      cacheDir(),
    );
    const runtime = await npmPackages(await pinned('case', 'Bun'), architecture, cacheDir());
    const lock = await readFile(join(packages, 'package-lock.json'));
    const candidate: Candidate = {
      commit: source.commit,
      tree: source.tree,
      digest,
      packages: digestBytes(lock),
    };
    onStep('building the image of Case');
    await deriveImage(docker, sandbox, {
      reference,
      recipe: 'case',
      what: 'the image of Case',
      folders: [
        { folder, name: 'source' },
        { folder: join(packages, 'node_modules'), name: 'node_modules' },
        {
          folder: join(runtime, `node_modules/@oven/bun-linux-${BUN[architecture]}/bin`),
          name: 'bun',
          only: ['bun'],
        },
      ],
      labels: { [CANDIDATE_LABEL]: JSON.stringify(candidate) },
    });
    return await described(docker, reference);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function caseReference({ commit }: CandidateSource, sandbox: SandboxImage): Promise<string> {
  const hash = createHash('sha256').update(`${sandbox.reference}\n${commit}\n`);
  for (const name of ['Dockerfile', 'package-lock.json'])
    hash.update(await readFile(join(PACKAGE_ROOT, 'images/case', name)));
  return `proofbox-case:${hash.digest('hex').slice(0, 16)}`;
}

async function described(docker: Docker, reference: string): Promise<CaseImage | null> {
  const found = await findImage(docker, reference);
  return found === null ? null : { ...found, candidate: Candidate.parse(labelOf(found, CANDIDATE_LABEL)) };
}
