/** What an image is made of: read from the image, written in the standard's own form, the same every time. */
import { Spec, Validation } from '@cyclonedx/cyclonedx-library';
import Docker from 'dockerode';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildSandbox } from '../../src/docker/build.ts';
import { imageContents, installed } from '../../src/docker/image-contents.ts';
import { sandboxImage } from '../../src/docker/images.ts';
import { billOf, makeBill } from '../../src/docker/make-bill.ts';
import { lockedPackages, preferences } from '../../src/docker/package-lock.ts';
import { asSbom, type Sbom, sbomProperty } from '../../src/schema/sbom.ts';
import { type Bundle, run, scratch } from '../integration/product.ts';

const docker = new Docker();
const space = await scratch();
afterAll(() => space.remove());

let bundle: Bundle;
let bill: Sbom;
beforeAll(async () => {
  bundle = await run(space.dir, ['py-interval']);
  bill = asSbom(await bundle.json('sbom.cdx.json'));
});

describe('R11: the bill of materials of a run', () => {
  test('holds against the JSON Schema of CycloneDX 1.6, and the schema can fail', async () => {
    const validator = new Validation.JsonStrictValidator(Spec.Version.v1dot6);
    expect(await validator.validate(JSON.stringify(bill))).toBeNull();
    expect(
      await validator.validate(JSON.stringify({ ...bill, components: [{ name: 'no type' }] })),
    ).not.toBeNull();
  });

  test("carries the run's nonce and the id of its image", () => {
    expect(sbomProperty(bill, 'nonce')).toBe(bundle.report.freshness_proof.nonce);
    expect(sbomProperty(bill, 'image')).toBe(bundle.report.image.digest);
    expect(bundle.report.image.components).toBe(bill.components.length);
  });

  test('names every package that dpkg and npm name inside the cage', async () => {
    const script = `
import json, subprocess, pathlib
print(subprocess.run(['dpkg-query', '-W', '-f', '\${Package} \${Version}\\\\n'], capture_output=True, text=True).stdout)
for path in pathlib.Path('/usr/local/lib/node_modules').glob('**/package.json'):
    parts = path.parts
    if parts[-3] == 'node_modules' or (parts[-4] == 'node_modules' and parts[-3].startswith('@')):
        it = json.loads(path.read_text())
        print('npm', it['name'] + '@' + it['version'])
`;
    const inside = await run(space.dir, [
      'py-interval',
      '--engine',
      'command',
      '--',
      'python3',
      '-c',
      script,
    ]);
    const seen = (await inside.read('backend/stdout.log')).split('\n').filter((line) => line !== '');
    expect(seen.length).toBeGreaterThan(250);
    const named = new Set(
      bill.components.flatMap(({ name, version, group, scope }) =>
        scope === 'excluded'
          ? []
          : [`${name} ${version}`, `npm ${group === undefined ? '' : `${group}/`}${name}@${version}`],
      ),
    );
    expect(seen.filter((one) => !named.has(one))).toEqual([]);
  });

  test('names the recorder by its digest, and what it was compiled with as no part of the image', async () => {
    const { stdout } = await execa('docker', [
      ...['run', '--rm', '--network', 'none', '--entrypoint', 'sha256sum'],
      ...[bundle.report.image.digest, '/usr/local/bin/proofbox-recorder'],
    ]);
    const recorder = bill.components.find(({ name }) => name === 'proofbox-recorder');
    expect(recorder?.hashes).toEqual([{ alg: 'SHA-256', content: stdout.split(' ')[0] }]);
    const compiler = bill.components.find(({ name }) => name === 'gcc');
    expect(compiler?.scope).toBe('excluded');
  });

  test('is the same each time it is made', async () => {
    const image = await sandboxImage(docker);
    expect(await makeBill(docker, image)).toEqual(await makeBill(docker, image));
  });

  test('says of each package whether it is of the locked version', () => {
    const contents = {
      debian: [
        { name: 'one', version: '1', architecture: 'amd64' },
        { name: 'two', version: '2', architecture: 'amd64' },
      ],
      tools: [],
      npm: [],
      recorderSha256: null,
    };
    const image = { reference: 'a:b', digest: `sha256:${'0'.repeat(64)}` };
    const made = billOf(image, contents, { as_of: '2026-01-01T00:00:00Z', packages: { one: '1', two: '3' } });
    const locked = made.components.map(({ name, properties }) => [name, properties?.[0]?.value]);
    expect(locked).toEqual([
      ['one', 'true'],
      ['two', 'false'],
    ]);
  });

  test('takes a package that is not installed any more for none', () => {
    const stanza = (status: string) => `Package: a\nStatus: ${status}\nArchitecture: all\nVersion: 1:2-3\n`;
    expect(installed(stanza('install ok installed'))).toEqual([
      { name: 'a', version: '1:2-3', architecture: 'all' },
    ]);
    expect(installed(stanza('deinstall ok config-files'))).toEqual([]);
  });
});

describe('the packages of the image', () => {
  test('all stand in the lock', async () => {
    const { Arch } = await docker.version();
    const { packages } = lockedPackages(Arch);
    const { debian, tools } = await imageContents(docker, (await sandboxImage(docker)).digest);
    expect(debian.length).toBeGreaterThan(100);
    // Their versions may be newer once the archive has gone on: the bill says so, and the image can still be built.
    const pinned = [...debian, ...tools].filter(({ name }) => Object.hasOwn(packages, name));
    expect(pinned.length).toBe(debian.length + tools.length);
  });

  test('are pinned for apt by name and version', () => {
    const text = preferences({ as_of: '', packages: { git: '1:2.39.5-0+deb12u2' } });
    expect(text).toBe('Package: git\nPin: version 1:2.39.5-0+deb12u2\nPin-Priority: 1001\n');
  });
});

describe('the image', () => {
  const again = 'proofbox-sandbox-again:test';
  afterAll(() =>
    docker
      .getImage(again)
      .remove()
      .catch(() => undefined),
  );

  test("built once more from its inputs, without the builder's cache, has the same id", async () => {
    const image = await sandboxImage(docker);
    const { Arch } = await docker.version();
    await buildSandbox(docker, again, Arch, { force: true });
    const built = await docker.getImage(again).inspect();
    expect(built.Id).toBe(image.digest);
  });
});
