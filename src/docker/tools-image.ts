/** The sandbox with npm packages for an engine: agents come from the registry, and a cage has no network to fetch them. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type Docker from 'dockerode';
import { ProofboxError } from '../errors.ts';
import { PACKAGE_ROOT } from '../package-root.ts';
import { Tools } from '../schema/run.ts';
import { digestBytes } from '../witness/content.ts';
import { cacheDir } from './cache.ts';
import { deriveImage, labelOf } from './derived-image.ts';
import { architectureOf, findImage, type SandboxImage } from './images.ts';
import { npmPackages } from './npm-packages.ts';

export interface ToolsImage extends SandboxImage {
  tools: Tools;
}

const TOOLS_LABEL = 'io.proofbox.tools';
/** A name and one exact version: what ran must be nameable afterwards. */
const SPEC = /^((?:@[a-z0-9][\w.-]*\/)?[a-z0-9][\w.-]*)@(\d+\.\d+\.\d+[\w.+-]*)$/;

/**
 * Finds or builds the image with these packages.
 * @param specs `name@1.2.3`
 * @throws ProofboxError `usage` for another form, `host` where they cannot be fetched or built
 */
export async function toolsImage(
  docker: Docker,
  specs: string[],
  sandbox: SandboxImage,
  onStep: (text: string) => void = () => undefined,
): Promise<ToolsImage> {
  const dependencies = Object.fromEntries(specs.map(parse).sort());
  const recipe = await readFile(join(PACKAGE_ROOT, 'images/tools/Dockerfile'));
  const hash = createHash('sha256')
    .update(`${sandbox.reference}\n${JSON.stringify(dependencies)}\n`)
    .update(recipe);
  const reference = `proofbox-tools:${hash.digest('hex').slice(0, 16)}`;
  const found = await described(docker, reference);
  if (found !== null) return found;
  const architecture = await architectureOf(docker);
  onStep(`fetching ${specs.join(', ')}`);
  const manifest = `${JSON.stringify({ name: 'tools', private: true, dependencies }, null, 2)}\n`;
  const folder = await npmPackages(
    { name: 'tools', what: specs.join(', '), manifest, lock: null },
    architecture,
    cacheDir(),
  );
  const tools: Tools = {
    packages: Object.entries(dependencies).map(([name, version]) => `${name}@${version}`),
    lock: digestBytes(await readFile(join(folder, 'package-lock.json'))),
  };
  onStep('building the image with them');
  await deriveImage(docker, sandbox, {
    reference,
    recipe: 'tools',
    what: `the image with ${specs.join(', ')}`,
    folders: [{ folder, name: 'packages' }],
    labels: { [TOOLS_LABEL]: JSON.stringify(tools) },
  });
  const built = await described(docker, reference);
  if (built !== null) return built;
  throw new ProofboxError('host', 'the image with the packages is missing after its build', {
    fix: 'run it again',
  });
}

function parse(spec: string): [name: string, version: string] {
  const [, name, version] = SPEC.exec(spec) ?? [];
  if (name !== undefined && version !== undefined) return [name, version];
  throw new ProofboxError('usage', `--npm ${spec} is no package with an exact version`, {
    fix: 'give a name and a version, such as some-agent@1.2.3',
  });
}

async function described(docker: Docker, reference: string): Promise<ToolsImage | null> {
  const found = await findImage(docker, reference);
  return found === null ? null : { ...found, tools: Tools.parse(labelOf(found, TOOLS_LABEL)) };
}
