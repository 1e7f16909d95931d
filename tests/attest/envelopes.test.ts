import { createPublicKey } from 'node:crypto';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundleFromJSON, type SerializedEnvelope } from '@sigstore/bundle';
import { type TrustMaterial, toSignedEntity, Verifier } from '@sigstore/verify';
import Docker from 'dockerode';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sandboxImage } from '../../src/docker/images.ts';
import { ENVELOPES } from '../../src/evidence/layout.ts';
import { PREDICATES, RunPredicate } from '../../src/schema/attestation.ts';
import type { Digests } from '../../src/schema/report.ts';
import type { RunDocument, Signer } from '../../src/schema/run.ts';
import { type Bundle, proofbox, run, scratch } from '../integration/product.ts';

const space = await scratch();
const docker = new Docker();
const IMAGE = `proofbox-test-securesystemslib:${process.pid}`;

const bundles = new Map<string, Bundle>();
beforeAll(async () => {
  const base = await sandboxImage(docker);
  const dockerfile = [
    `FROM ${base.reference}`,
    'RUN mkdir -p /artifacts/backend/tmp && chmod 1777 /artifacts/backend/tmp && apt-get update && apt-get install -y --no-install-recommends python3-securesystemslib python3-cryptography python3-nacl',
    'ENTRYPOINT []',
  ].join('\n');
  await execa('docker', ['build', '-q', '--force-rm', '-t', IMAGE, '-'], { input: dockerfile });
  for (const type of ['ed25519', 'ecdsa-p256']) {
    const key = join(space.dir, type);
    await proofbox(['keygen', '--out', key, '--type', type]);
    bundles.set(type, await run(space.dir, ['py-interval', '--sign', key]));
  }
}, 300_000);
afterAll(async () => {
  await docker.getImage(IMAGE).remove({ force: true });
  await space.remove();
});

async function envelopes(type: string): Promise<{ signer: Signer; envelopes: SerializedEnvelope[] }> {
  const bundle = bundles.get(type);
  if (bundle === undefined) throw new Error(`no bundle signed with ${type}`);
  const { signer } = await bundle.json<RunDocument>('run.json');
  if (signer === null) throw new Error('the run is not signed');
  const all = Object.values(ENVELOPES).map((name) => bundle.json<SerializedEnvelope>(name));
  return { signer, envelopes: await Promise.all(all) };
}

async function statement<T>(
  name: keyof typeof ENVELOPES,
): Promise<{ subject: unknown; predicateType: string; predicate: T }> {
  const envelope = await bundles.get('ed25519')?.json<SerializedEnvelope>(ENVELOPES[name]);
  return JSON.parse(Buffer.from(envelope?.payload ?? '', 'base64').toString('utf8'));
}

/** One bit of the signed text, the rest as it was. */
function altered(envelope: SerializedEnvelope): SerializedEnvelope {
  const payload = Buffer.from(envelope.payload, 'base64');
  payload[20] = (payload[20] ?? 0) ^ 1;
  return { ...envelope, payload: payload.toString('base64') };
}

describe.each(['ed25519', 'ecdsa-p256'])(
  'envelopes signed with %s verify by implementations that are not ours',
  (type) => {
    test('securesystemslib verifies all three, and refuses an altered payload', async () => {
      const signed = await envelopes(type);
      const given = { ...signed, envelopes: [...signed.envelopes, ...signed.envelopes.map(altered)] };
      const script = readFileSync(join(import.meta.dirname, 'check_envelopes.py'), 'utf8');
      const flags = ['--rm', '-i', '--network', 'none', '--user', '65534', '--read-only', IMAGE];
      const { stdout } = await execa('docker', ['run', ...flags, 'python3', '-c', script], {
        input: JSON.stringify(given),
      });
      const refused = ['refused', 'refused', 'refused'];
      expect(stdout.split('\n')).toEqual([
        ...Object.values(PREDICATES).map((name) => `verified ${name}`),
        ...refused,
      ]);
    });

    test("sigstore's verifier takes them in a bundle, and refuses an altered payload", async () => {
      const signed = await envelopes(type);
      const material = {
        certificateAuthorities: [],
        timestampAuthorities: [],
        tlogs: [],
        ctlogs: [],
        publicKey: () => ({ publicKey: createPublicKey(signed.signer.public_key), validFor: () => true }),
      } as unknown as TrustMaterial;
      const verifier = new Verifier(material, { tlogThreshold: 0, ctlogThreshold: 0, timestampThreshold: 0 });
      const bundleOf = (dsseEnvelope: SerializedEnvelope) =>
        bundleFromJSON({
          mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
          verificationMaterial: { publicKey: { hint: signed.signer.keyid }, tlogEntries: [] },
          dsseEnvelope,
        });
      for (const envelope of signed.envelopes) {
        expect(() => verifier.verify(toSignedEntity(bundleOf(envelope)))).not.toThrow();
        expect(() => verifier.verify(toSignedEntity(bundleOf(altered(envelope))))).toThrow();
      }
    });
  },
);

describe('what the statements say', () => {
  test('ours carries the verdict, and its subjects are the files of the bundle', async () => {
    const { subject, predicate } = await statement<RunPredicate>('run');
    const report = bundles.get('ed25519')?.report;
    expect(RunPredicate.parse(predicate)).toEqual(predicate);
    expect(predicate).toMatchObject({ verdict: 'passed', run_id: report?.run_id, blockers: [] });
    expect(predicate.proofs).toHaveLength(13);
    const digests = await bundles.get('ed25519')?.json<Digests>('digests.json');
    expect(subject).toEqual(
      expect.arrayContaining([
        { name: 'report.json', digest: { sha256: digests?.files['report.json']?.digest?.slice(7) } },
        { name: 'patch.diff', digest: { sha256: digests?.files['patch.diff']?.digest?.slice(7) } },
      ]),
    );
  });

  test('SLSA provenance v1: the patch as product, every required field, and no level claimed', async () => {
    const { subject, predicateType, predicate } = await statement<Record<string, unknown>>('provenance');
    expect(predicateType).toBe('https://slsa.dev/provenance/v1');
    expect(subject).toEqual([
      { name: 'patch.diff', digest: { sha256: expect.stringMatching(/^[0-9a-f]{64}$/) } },
    ]);
    expect(predicate).toMatchObject({
      buildDefinition: { buildType: expect.any(String), externalParameters: { fixture: 'py-interval' } },
      runDetails: { builder: { id: expect.any(String) }, metadata: { invocationId: expect.any(String) } },
    });
    expect(JSON.stringify(await Promise.all([statement('run'), statement('provenance')]))).not.toMatch(
      /level|L[0-3]\b/i,
    );
  });

  test("in-toto runtime-trace v0.2: the recorder's programs and every path it saw", async () => {
    const { predicateType, predicate } = await statement<{
      monitorLog: { process: { processBinary: string }[]; fileAccess: { name: string; digest?: object }[] };
    }>('runtimeTrace');
    expect(predicateType).toBe('https://in-toto.io/attestation/runtime-trace/v0.2');
    const programs = (await bundles.get('ed25519')?.programs()) ?? [];
    expect(predicate.monitorLog.process.map((one) => one.processBinary)).toEqual(
      programs.map((one) => one.resolved),
    );
    const writes = (await bundles.get('ed25519')?.writes()) ?? [];
    const paths = [...new Set(writes.map(({ resolved }) => resolved))].sort();
    expect(predicate.monitorLog.fileAccess.map(({ name }) => name)).toEqual(paths);
    expect(
      predicate.monitorLog.fileAccess.find(({ name }) => name.startsWith('/workspace/'))?.digest,
    ).toBeDefined();
  });
});

describe('keys', () => {
  test('keygen overwrites nothing', async () => {
    const { exitCode, stderr } = await proofbox(['keygen', '--out', join(space.dir, 'ed25519')]);
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(/exists already/);
  });

  test.each([
    ['that is missing', () => join(space.dir, 'none'), /cannot be read/],
    [
      'that others can read',
      () => {
        const path = join(space.dir, 'open');
        writeFileSync(path, readFileSync(join(space.dir, 'ed25519')));
        chmodSync(path, 0o644);
        return path;
      },
      /chmod 600/,
    ],
    [
      'that is none',
      () => {
        const path = join(space.dir, 'text');
        writeFileSync(path, 'no key', { mode: 0o600 });
        return path;
      },
      /is no private key/,
    ],
  ])('a key %s is exit 2 before anything starts', async (_, path, message) => {
    const out = join(space.dir, 'never');
    const { exitCode, stderr } = await proofbox(['run', 'py-interval', '--sign', path(), '--out', out]);
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(message);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });
});
