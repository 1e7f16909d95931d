/** What lies in an image, read from its file system: the package managers' own records, and no program is run. */
import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import type Docker from 'dockerode';
import tar from 'tar-stream';
import { withStillContainer } from './still-container.ts';

export interface DebianPackage {
  name: string;
  version: string;
  architecture: string;
}

export interface NpmPackage {
  name: string;
  version: string;
}

export interface ImageContents {
  debian: DebianPackage[];
  /** with which the recorder was compiled; not in the image */
  tools: DebianPackage[];
  npm: NpmPackage[];
  /** hexadecimal; null where there is no recorder */
  recorderSha256: string | null;
}

/** Written by Dockerfile.sandbox in the stage that compiles the recorder. */
export const BUILD_TOOLS = '/usr/local/share/proofbox/build-tools';
const DPKG_STATUS = '/var/lib/dpkg/status';
const RECORDER = '/usr/local/bin/proofbox-recorder';
const NPM_FOLDERS = [
  '/usr/local/share/proofbox/node',
  '/usr/local/lib/node_modules',
  '/opt/tools/node_modules',
  '/opt/case/node_modules',
];
/** One package of a `node_modules` folder, and not a file of the same name further down. */
const MANIFEST = /^(?:.*\/)?(?:node_modules|node)\/(?:(?:@[^/]+\/)?[^/]+\/)?package\.json$/;
/** Far above any package's own description. */
const MAX_FILE = 64 << 20;

/**
 * Reads an image by way of a container that is made, never started, and removed.
 * @param image name or id
 * @throws the container engine's error
 */
export async function imageContents(docker: Docker, image: string): Promise<ImageContents> {
  return withStillContainer(docker, image, { 'io.proofbox.role': 'bill' }, async (container) => {
    const read = (path: string, wanted: RegExp) => filesIn(container, path, wanted);
    const [status] = await read(DPKG_STATUS, /./);
    const [tools] = await read(BUILD_TOOLS, /./);
    const [recorder] = await read(RECORDER, /./);
    const manifests: Buffer[] = [];
    for (const folder of NPM_FOLDERS) manifests.push(...(await read(folder, MANIFEST)));
    const debian = installed(status?.toString() ?? '');
    const inImage = new Set(debian.map(({ name }) => name));
    return {
      debian,
      tools: listed(tools?.toString() ?? '').filter(({ name }) => !inImage.has(name)),
      npm: manifests.flatMap(npmPackage),
      recorderSha256: recorder === undefined ? null : createHash('sha256').update(recorder).digest('hex'),
    };
  });
}

/** Contents of the plain files below a path whose name is wanted; none where the path is missing. */
async function filesIn(container: Docker.Container, path: string, wanted: RegExp): Promise<Buffer[]> {
  let archive: NodeJS.ReadableStream;
  try {
    archive = await container.getArchive({ path });
  } catch (error) {
    if ((error as { statusCode?: number }).statusCode === 404) return [];
    throw error;
  }
  const files: Buffer[] = [];
  const extract = tar.extract();
  archive.on('error', (error: Error) => extract.destroy(error));
  archive.pipe(extract);
  for await (const entry of extract) {
    const { name, type, size = 0 } = entry.header;
    const isWanted = type === 'file' && wanted.test(name) && basename(name) !== '' && size <= MAX_FILE;
    const chunks: Buffer[] = [];
    for await (const chunk of entry) if (isWanted) chunks.push(chunk as Buffer);
    if (isWanted) files.push(Buffer.concat(chunks));
  }
  return files;
}

/** Packages that dpkg has installed, from its status file (deb822(5)). */
export function installed(status: string): DebianPackage[] {
  return status.split('\n\n').flatMap((stanza) => {
    const field = (name: string) => new RegExp(`^${name}: (.+)$`, 'm').exec(stanza)?.[1];
    const [name, version, architecture] = [field('Package'), field('Version'), field('Architecture')];
    if (name === undefined || version === undefined || architecture === undefined) return [];
    return field('Status') === 'install ok installed' ? [{ name, version, architecture }] : [];
  });
}

/** Lines of `dpkg-query -W -f '${Package} ${Version} ${Architecture}\n'`. */
function listed(text: string): DebianPackage[] {
  return text.split('\n').flatMap((line) => {
    const [name, version, architecture] = line.split(' ');
    return name && version && architecture ? [{ name, version, architecture }] : [];
  });
}

/** A manifest that is no package's own has no version, and is passed over. */
function npmPackage(text: Buffer): NpmPackage[] {
  try {
    const { name, version } = JSON.parse(text.toString()) as Partial<NpmPackage>;
    return typeof name === 'string' && typeof version === 'string' ? [{ name, version }] : [];
  } catch {
    return [];
  }
}
