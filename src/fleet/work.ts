/** What one cell of a manifest asks for, made ready to travel: its parts as objects, and what every answer must say. */
import { createHash } from 'node:crypto';
import { copyFile, mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ObjectStore } from '@nats-io/obj';
import { ProofboxError } from '../errors.ts';
import type { AskedWork } from '../lane/contract-of.ts';
import type { Digest } from '../schema/common.ts';
import type { Ask, RunClass } from '../schema/fleet.ts';
import { digestTree } from '../witness/tree.ts';
import { UNBOUNDED } from '../witness/walk.ts';
import { copyFixture } from '../workspace/copy.ts';
import { removeTree } from '../workspace/remove.ts';
import { packFixture } from './bundle.ts';
import { putObject } from './objects.ts';
import { patiently } from './patience.ts';

/** One fixture with one engine, as the command line reads it. */
export interface CellWork extends AskedWork {
  npm: string[];
  /** as `--provider` has it */
  providerText: string;
  /** file with the traffic that is played back; null where there is none */
  cassette: string | null;
  contractPath: string | null;
  /** the commit of Case that must have run; null where this host knows of none */
  caseCommit: string | null;
}

/** A cell whose parts lie in the object store. */
export interface Cell {
  work: CellWork;
  kind: RunClass['kind'];
  /** of the fixture's workspace, as a run digests its own copy */
  fixtureDigest: Digest;
  message: Omit<Ask, 'assignment' | 'attempt'>;
}

/**
 * Puts fixture, contract and cassette of a cell where workers find them.
 * @throws ProofboxError `usage` where it asks for something that cannot travel
 */
export async function publishCell(work: CellWork, store: ObjectStore): Promise<Cell> {
  requirePortable(work);
  const scratch = await mkdtemp(join(tmpdir(), 'proofbox-fleet-'));
  try {
    const parcel = join(scratch, 'fixture');
    const { digest: fixture } = await packFixture(work.fixture, parcel);
    await patiently(() => putObject(store, fixture, parcel));
    const copy = join(scratch, 'copy');
    await copyFixture(work.fixture.workspace, copy, {
      uid: process.getuid?.() ?? 0,
      gid: process.getgid?.() ?? 0,
    });
    const put = (path: string | null) => (path === null ? null : putFile(store, path, join(scratch, 'part')));
    return {
      work,
      kind: work.engine.name === 'case' ? 'case' : 'plain',
      fixtureDigest: (await digestTree(copy, UNBOUNDED)).digest,
      message: {
        schema: 'proofbox.ask/v1',
        fixture,
        engine: work.engine.name,
        command: work.commandArgv,
        npm: work.npm,
        provider: work.cassette === null ? work.providerText : 'replay',
        cassette: await put(work.cassette),
        record: work.record,
        contract: await put(work.contractPath),
        limits: work.limits,
      },
    };
  } finally {
    await removeTree(scratch);
  }
}

function requirePortable({ providerText, fixture }: CellWork): void {
  if (providerText.startsWith('record:'))
    throw new ProofboxError('usage', 'a worker cannot record a cassette for somebody else', {
      fix: 'record it on one host, and ask the fleet to replay it',
    });
  if (/^\.?\/*$/.test(fixture.fixture.workspace))
    throw new ProofboxError(
      'usage',
      `the workspace of fixture ${fixture.fixture.id} is the folder of its fixture.json`,
      {
        fix: 'put the files into a folder of their own, and name it as "workspace"',
      },
    );
}

/** @returns the digest under which the file is kept */
async function putFile(store: ObjectStore, path: string, scratch: string): Promise<Digest> {
  // What is digested is what is sent, whatever becomes of the original.
  await copyFile(path, scratch);
  const digest: Digest = `sha256:${createHash('sha256')
    .update(await readFile(scratch))
    .digest('hex')}`;
  await patiently(() => putObject(store, digest, scratch));
  return digest;
}
