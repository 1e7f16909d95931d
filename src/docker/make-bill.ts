/** Writes a bill of materials in CycloneDX 1.6 from what lies in an image. Equal images give equal bills. */
import { Enums, Models, Serialize, Spec } from '@cyclonedx/cyclonedx-library';
import type Docker from 'dockerode';
import { PackageURL } from 'packageurl-js';
import { asSbom, SBOM_PROPERTIES, type Sbom } from '../schema/sbom.ts';
import { type DebianPackage, type ImageContents, imageContents } from './image-contents.ts';
import type { SandboxImage } from './images.ts';
import { type Locked, lockedPackages } from './package-lock.ts';

/** @throws the container engine's error */
export async function makeBill(docker: Docker, image: SandboxImage): Promise<Sbom> {
  const { Architecture } = await docker.getImage(image.digest).inspect();
  return billOf(image, await imageContents(docker, image.digest), lockedPackages(Architecture));
}

/** Pure. */
export function billOf(
  { reference, digest }: Pick<SandboxImage, 'reference' | 'digest'>,
  contents: ImageContents,
  locked: Locked,
): Sbom {
  const [name = '', tag = ''] = reference.split(':');
  const subject = new Models.Component(Enums.ComponentType.Container, name, {
    bomRef: digest,
    version: digest,
    properties: new Models.PropertyRepository([new Models.Property('proofbox:tag', tag)]),
  });
  const bom = new Models.Bom({
    serialNumber: serialOf(digest),
    metadata: new Models.Metadata({
      component: subject,
      properties: new Models.PropertyRepository([new Models.Property(SBOM_PROPERTIES.image, digest)]),
    }),
    components: new Models.ComponentRepository([
      ...contents.debian.map((one) => debian(one, locked)),
      ...contents.tools.map((one) => debian(one, locked, Enums.ComponentScope.Excluded)),
      ...distinct(contents.npm.map(npm)),
      ...(contents.recorderSha256 === null ? [] : [recorder(contents.recorderSha256)]),
    ]),
  });
  const form = new Serialize.JSON.Normalize.Factory(Spec.Spec1dot6);
  const text = new Serialize.JsonSerializer(form).serialize(bom, { sortLists: true });
  return asSbom(JSON.parse(text));
}

function debian(
  { name, version, architecture }: DebianPackage,
  { packages }: Locked,
  scope?: Enums.ComponentScope,
): Models.Component {
  const purl = new PackageURL('deb', 'debian', name, version, {
    arch: architecture,
    distro: 'bookworm',
  }).toString();
  const isLocked = Object.hasOwn(packages, name) && packages[name] === version;
  return new Models.Component(Enums.ComponentType.Library, name, {
    bomRef: scope === undefined ? purl : `${purl}#${scope}`,
    version,
    purl,
    ...(scope === undefined ? {} : { scope }),
    properties: new Models.PropertyRepository([
      new Models.Property(SBOM_PROPERTIES.locked, String(isLocked)),
    ]),
  });
}

function npm({ name, version }: { name: string; version: string }): Models.Component {
  const [group, bare] = name.startsWith('@') ? (name.split('/') as [string, string]) : [undefined, name];
  const purl = new PackageURL('npm', group, bare, version).toString();
  return new Models.Component(Enums.ComponentType.Library, bare, {
    bomRef: purl,
    version,
    purl,
    ...(group === undefined ? {} : { group }),
  });
}

/** The same package may lie in several places. */
function distinct(components: Models.Component[]): Models.Component[] {
  return [...new Map(components.map((one) => [one.purl, one])).values()];
}

function recorder(sha256: string): Models.Component {
  return new Models.Component(Enums.ComponentType.Application, 'proofbox-recorder', {
    bomRef: 'proofbox-recorder',
    hashes: new Models.HashDictionary([[Enums.HashAlgorithm['SHA-256'], sha256]]),
  });
}

/** A UUID made of the image's id (RFC 9562, version 8: of the maker's own making). */
function serialOf(digest: string): string {
  const hex = digest.replace('sha256:', '').padEnd(32, '0');
  const parts = [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    `8${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ];
  return `urn:uuid:${parts.join('-')}`;
}
