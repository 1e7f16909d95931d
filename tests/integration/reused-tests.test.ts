/** Tests on the untouched fixture that an earlier run made: taken only where they may be, and proven wherever they are used. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { seal, unseal } from '../../src/attest/envelope.ts';
import { readSigningKey, type SigningKey } from '../../src/attest/keys.ts';
import { attestedDigests, statements } from '../../src/attest/statements.ts';
import { planRuns } from '../../src/batch/plan.ts';
import { SharedTests } from '../../src/batch/shared-tests.ts';
import { digestsText } from '../../src/evidence/digests.ts';
import { inventory } from '../../src/evidence/inventory.ts';
import { jsonDocument } from '../../src/evidence/json.ts';
import { ENVELOPES } from '../../src/evidence/layout.ts';
import type { RunRequest } from '../../src/lane/request.ts';
import type { OfferedTests } from '../../src/lane/reused-tests.ts';
import { evaluate } from '../../src/proofs/index.ts';
import {
  TESTS_SOURCE_FILES,
  TESTS_SOURCE_PROOFS,
  testsSourceFindings,
} from '../../src/proofs/tests-source.ts';
import { BatchManifest } from '../../src/schema/batch.ts';
import type { CageDocument } from '../../src/schema/cage.ts';
import type { Contract } from '../../src/schema/contract.ts';
import type { Digests, Report } from '../../src/schema/report.ts';
import type { RunDocument } from '../../src/schema/run.ts';
import { deriveReport } from '../../src/verdict/derive.ts';
import { loadEvidence } from '../../src/verdict/load.ts';
import { signatureCheck } from '../../src/verify/signature.ts';
import { digestBytes } from '../../src/witness/content.ts';
import { secondOpinion } from './both-verifiers.ts';
import { lane } from './lane-runner.ts';
import { proofbox, scratch } from './product.ts';

const space = await scratch();
afterAll(() => space.remove());

const bundleOf = async (directory: string) =>
  digestBytes(await readFile(join(directory, 'artifacts/digests.json')));
const offer = async (directory: string): Promise<OfferedTests> => ({
  directory,
  bundle: await bundleOf(directory),
});
const read = async <T>(directory: string, name: string) =>
  JSON.parse(await readFile(join(directory, 'artifacts', name), 'utf8')) as T;

/** One run that made its own tests, and one that uses them; both signed. */
let key: SigningKey;
let lender: string;
let borrower: string;
beforeAll(async () => {
  const file = join(space.dir, 'a.key');
  await proofbox(['keygen', '--out', file]);
  key = await readSigningKey(file);
  lender = (await lane(space.dir, 'py-interval', { signingKey: key })).directory;
  const testsBefore = await offer(lender);
  borrower = (await lane(space.dir, 'py-interval', { signingKey: key, testsBefore })).directory;
});

describe('R14: tests before the engine that another run made', () => {
  test('stand in the bundle with the documents of that run, and the report says whose they are', async () => {
    const run = await read<RunDocument>(borrower, 'run.json');
    const theirs = await read<RunDocument>(lender, 'run.json');
    expect(run.tests_before).toEqual({
      run_id: theirs.run_id,
      nonce: theirs.nonce,
      bundle: await bundleOf(lender),
    });
    const { verification } = await read<CageDocument>(borrower, 'cage.json');
    expect(verification.before).toEqual((await read<CageDocument>(lender, 'cage.json')).verification.before);
    const report = await read<Report>(borrower, 'report.json');
    expect(report.status).toBe('passed');
    expect(report.verification?.before_run).toBe(theirs.run_id);
    const freshness = report.proofs.find(({ id }) => id === 'freshness');
    expect([freshness?.status, freshness?.claim, freshness?.detail].join(' ')).toMatch(
      new RegExp(`^passed .*but for the tests on the untouched fixture.*those of run ${theirs.run_id}$`),
    );
    for (const name of ['report.md', 'report.html', 'test.log'])
      expect(await readFile(join(borrower, 'artifacts', name), 'utf8'), name).toContain(theirs.run_id);
    expect((await read<Report>(lender, 'report.json')).verification).not.toHaveProperty('before_run');
  });

  test('make one container less', async () => {
    const ids = ({ engine, verification: { before, after } }: CageDocument) =>
      [engine, before, after].map((cage) => cage?.container_id);
    const [, before] = ids(await read<CageDocument>(lender, 'cage.json'));
    const all = ids(await read<CageDocument>(borrower, 'cage.json'));
    expect(all[1]).toBe(before);
    const trace = await readFile(join(borrower, 'artifacts/trace.jsonl'), 'utf8');
    expect(trace).not.toContain('"name":"tests_before"');
    expect(trace).toContain('"name":"tests_after"');
  });
});

describe('R14: a run makes its own tests where those of the other may not stand for them', () => {
  const ownTests = async (changes: Partial<RunRequest>) => {
    const { report, directory } = await lane(space.dir, 'py-interval', { signingKey: key, ...changes });
    expect(report.status).toBe('passed');
    expect(report.verification?.before?.stopped).toBeNull();
    return (await read<RunDocument>(directory, 'run.json')).tests_before === null;
  };
  const altered = (alter: (artifacts: string) => void) => {
    const directory = mkdtempSync(join(space.dir, 'lender-'));
    cpSync(lender, directory, { recursive: true });
    alter(join(directory, 'artifacts'));
    return directory;
  };

  test('the control: it uses them where they may', async () => {
    expect(await ownTests({ testsBefore: await offer(altered(() => undefined)) })).toBe(false);
  });

  test('another digest list than when that run was over', async () => {
    const testsBefore = { directory: lender, bundle: digestBytes(Buffer.from('another')) };
    expect(await ownTests({ testsBefore })).toBe(true);
  });

  test.each(TESTS_SOURCE_FILES)('%s altered since', async (name) => {
    const directory = altered((artifacts) => {
      const path = join(artifacts, name);
      writeFileSync(path, readFileSync(path, 'utf8').replace(/.$/s, ' \n'));
    });
    expect(await ownTests({ testsBefore: await offer(directory) })).toBe(true);
  });

  test('a run directory that is gone', async () => {
    expect(
      await ownTests({ testsBefore: { directory: join(space.dir, 'none'), bundle: await bundleOf(lender) } }),
    ).toBe(true);
  });

  test('records that are too large to copy into every bundle', async () => {
    const directory = altered((artifacts) =>
      writeFileSync(join(artifacts, 'test.log'), Buffer.alloc(5 << 20)),
    );
    expect(await ownTests({ testsBefore: await offer(directory) })).toBe(true);
  });

  test.each<[string, Partial<RunRequest>]>([
    ['other limits', { limits: { pids: 99 } }],
    ['no signature', { signingKey: null }],
    ['another test command', { contractFile: { test_command: ['python3', '-m', 'unittest'] } as never }],
  ])('%s', async (_, changes) => {
    expect(await ownTests({ testsBefore: await offer(lender), ...changes })).toBe(true);
  });

  test('another fixture', async () => {
    const { directory } = await lane(space.dir, 'fail-failed-tests', {
      signingKey: key,
      testsBefore: await offer(lender),
    });
    expect((await read<RunDocument>(directory, 'run.json')).tests_before).toBeNull();
  });

  test('tests that are themselves of another run', async () => {
    expect(await ownTests({ testsBefore: await offer(borrower) })).toBe(true);
  });
});

/** A copy of the borrower's artifacts after `alter`, its own digest list made anew. */
function forged(alter: (at: Forgery) => void): string {
  const directory = mkdtempSync(join(space.dir, 'forged-'));
  cpSync(borrower, directory, { recursive: true });
  alter(new Forgery(join(directory, 'artifacts')));
  return directory;
}

class Forgery {
  constructor(readonly artifacts: string) {}

  edit<T>(name: string, change: (document: T) => void): this {
    const path = join(this.artifacts, name);
    const document = JSON.parse(readFileSync(path, 'utf8')) as T;
    change(document);
    writeFileSync(path, jsonDocument(document as object));
    return this;
  }

  /** Edits a document of the lender, and every digest up to the name in run.json, as somebody with all of it would. */
  source<T>(name: string, change: (document: T) => void): this {
    this.edit(`tests-before/${name}`, change);
    return this.rechain();
  }

  rechain(): this {
    this.edit<Digests>('tests-before/digests.json', ({ files }) => {
      for (const name of TESTS_SOURCE_FILES) {
        const bytes = readFileSync(join(this.artifacts, 'tests-before', name));
        files[name] = { kind: 'file', digest: digestBytes(bytes), size: bytes.length };
      }
    });
    const bundle = digestBytes(readFileSync(join(this.artifacts, 'tests-before/digests.json')));
    return this.edit<RunDocument>('run.json', ({ tests_before: named }) => {
      if (named !== null) named.bundle = bundle;
    });
  }

  /** The same in the lender's record and in the copy of it. */
  record(change: (record: NonNullable<CageDocument['verification']['before']>) => void): this {
    const both = ({ verification: { before } }: CageDocument) => {
      if (before === null) throw new Error('there is no record');
      change(before);
    };
    this.source<CageDocument>('cage.json', both);
    return this.edit<CageDocument>('cage.json', both);
  }

  remove(name: string): this {
    rmSync(join(this.artifacts, name), { recursive: true });
    return this;
  }
}

/** Whichever document of the lender is altered. */
type Lent = Pick<Contract, 'fixture' | 'limits'> &
  Pick<RunDocument, 'image' | 'host_namespaces'> &
  Pick<CageDocument, 'versions'>;

const ZERO = `sha256:${'0'.repeat(64)}`;
const later = (moment: string, ms: number) => new Date(Date.parse(moment) + ms).toISOString();

/** What was forged, and what the proofs must say of it. */
const FORGERIES: [string, RegExp, (forgery: Forgery) => void][] = [
  ...['digests.json', ...TESTS_SOURCE_FILES].map((name): [string, RegExp, (forgery: Forgery) => void] => [
    `${name} removed`,
    /is missing|is not/,
    (forgery) => forgery.remove(`tests-before/${name}`),
  ]),
  ['the envelope removed', /is missing/, (forgery) => forgery.remove('tests-before/attestation.dsse.json')],
  [
    'a name in run.json taken away',
    /run\.json names no such run/,
    (forgery) => forgery.edit<RunDocument>('run.json', (run) => Object.assign(run, { tests_before: null })),
  ],
  [
    'another bundle named',
    /is not the one that run\.json names/,
    (forgery) =>
      forgery.edit<RunDocument>('run.json', ({ tests_before: named }) =>
        Object.assign(named ?? {}, { bundle: ZERO }),
      ),
  ],
  [
    'another run named',
    /is of another run/,
    (forgery) =>
      forgery.edit<RunDocument>('run.json', ({ tests_before: named }) =>
        Object.assign(named ?? {}, { run_id: '20260102T030405Z-0a1b2c3d' }),
      ),
  ],
  [
    'another nonce named',
    /carries another nonce/,
    (forgery) =>
      forgery.edit<RunDocument>('run.json', ({ tests_before: named }) =>
        Object.assign(named ?? {}, { nonce: '0'.repeat(32) }),
      ),
  ],
  [
    "a document of the lender's altered and its digest left",
    /is not what that run's digests\.json says/,
    (forgery) =>
      forgery.edit<Contract>('tests-before/contract.json', (contract) =>
        Object.assign(contract, { git: false }),
      ),
  ],
  [
    'the copy of the record altered',
    /not on record as the named run has them/,
    (forgery) =>
      forgery.edit<CageDocument>('cage.json', ({ verification: { before } }) => {
        if (before !== null) before.exit.exit_code = 0;
      }),
  ],
  [
    'no copy of the record',
    /not on record as the named run has them/,
    (forgery) =>
      forgery.edit<CageDocument>('cage.json', ({ verification }) =>
        Object.assign(verification, { before: null }),
      ),
  ],
  [
    'a lender that borrowed itself',
    /has its tests from another run itself/,
    (forgery) =>
      forgery.source<RunDocument>('run.json', (run) =>
        Object.assign(run, { tests_before: { run_id: run.run_id, nonce: run.nonce, bundle: ZERO } }),
      ),
  ],
  ...(
    [
      ['fixture', 'contract.json', (one) => Object.assign(one.fixture, { digest: ZERO })],
      ['test command', 'contract.json', (one) => Object.assign(one, { test_command: ['true'] })],
      ['limits', 'contract.json', (one) => Object.assign(one.limits, { pids: 77 })],
      ['engine state', 'contract.json', (one) => Object.assign(one, { engine_state: ['notes'] })],
      ['image', 'run.json', (one) => Object.assign(one.image, { digest: ZERO })],
      ['version of proofbox', 'run.json', (one) => Object.assign(one, { proofbox_version: '9.9.9' })],
      ['host', 'run.json', (one) => Object.assign(one.host_namespaces, { mnt: 'mnt:[1]' })],
      ['signer', 'run.json', (one) => Object.assign(one, { signer: null })],
      ['container engine or kernel', 'cage.json', (one) => Object.assign(one.versions, { kernel: '5.0.0' })],
    ] as [string, string, (document: Lent) => void][]
  ).map(([what, name, change]): [string, RegExp, (forgery: Forgery) => void] => [
    `a lender with another ${what}`,
    new RegExp(`had another ${what}`),
    (forgery) => forgery.source<Lent>(name, change),
  ]),
  [
    'a lender that was not over',
    /was not over when this run began/,
    (forgery) => {
      const { started_at } = JSON.parse(
        readFileSync(join(forgery.artifacts, 'run.json'), 'utf8'),
      ) as RunDocument;
      forgery.source<RunDocument>('run.json', (run) =>
        Object.assign(run, { finished_at: later(started_at, 1) }),
      );
    },
  ],
  [
    'a lender of long ago',
    /more than a day before/,
    (forgery) =>
      forgery.source<RunDocument>('run.json', (run) =>
        Object.assign(run, { finished_at: later(run.finished_at, -25 * 3_600_000) }),
      ),
  ],
  [
    'tests that were stopped',
    /has no tests that came to their end/,
    (forgery) =>
      forgery.record(({ exit }) => Object.assign(exit, { ended_by: 'stopped', stop_reason: 'timeout' })),
  ],
  [
    "a container that did not live within the lender's run",
    /did not live within the run/,
    (forgery) =>
      forgery.record((record) => Object.assign(record, { created_at: later(record.created_at, -3_600_000) })),
  ],
  [
    'a container of another image',
    /is of another image/,
    (forgery) => forgery.record(({ image }) => Object.assign(image, { digest: ZERO })),
  ],
  [
    'a recorder with the nonce of the borrower',
    /carries another nonce|has another nonce/,
    (forgery) => {
      const { nonce } = JSON.parse(readFileSync(join(forgery.artifacts, 'run.json'), 'utf8')) as RunDocument;
      forgery.record(({ end }) => Object.assign(end ?? {}, { nonce }));
    },
  ],
];

describe('P8: a forged link to the run that made the tests never passes', () => {
  test('the control: the bundle as it is passes', async () => {
    const artifacts = join(
      forged(() => undefined),
      'artifacts',
    );
    expect(evaluate(await loadEvidence(artifacts, await inventory(artifacts))).blockers).toEqual([]);
  });

  test.each(FORGERIES)('%s', async (_, says, forge) => {
    const artifacts = join(forged(forge), 'artifacts');
    const evidence = await loadEvidence(artifacts, await inventory(artifacts));
    const verdict = evaluate(evidence);
    expect(verdict.status).toBe('failed');
    // A blocker tells the first three of what a proof found.
    const said = [...verdict.blockers, ...testsSourceFindings(evidence)].map(({ message }) => message);
    expect(said.join('\n')).toMatch(says);
  });

  /** What the second verifier leaves to the first: it does not judge one container's image again. */
  const NOT_ASKED = ['a container of another image', 'tests that were stopped'];
  test.each(FORGERIES.filter(([what]) => !NOT_ASKED.includes(what)))(
    'the second verifier: %s',
    async (_, __, forge) => {
      const directory = forged(forge);
      const artifacts = join(directory, 'artifacts');
      const { nonce } = await read<RunDocument>(directory, 'run.json');
      writeFileSync(join(artifacts, 'digests.json'), digestsText(nonce, await inventory(artifacts)));
      const { holds, checks } = await secondOpinion(directory);
      expect(holds).toBe(false);
      expect(checks.find(([, ok]) => !ok)?.[0]).toMatch(/^(?:tests before|records|claims|signature)$/);
    },
  );
});

describe('P8: the run that made the tests signed what is here of it', () => {
  /** What `verify` says of the signatures when the envelope of the lender is `text`; the others are made anew. */
  const signaturesWith = async (text: string | null, forge: (forgery: Forgery) => void = () => undefined) => {
    const artifacts = join(forged(forge), 'artifacts');
    const derived = await deriveReport(artifacts, await inventory(artifacts));
    const attested = { ...derived, digests: await attestedDigests(artifacts) };
    const made = statements(attested);
    const texts = new Map<string, string>(
      (Object.keys(ENVELOPES) as (keyof typeof ENVELOPES)[]).map((name) => [
        ENVELOPES[name],
        seal(made[name], key),
      ]),
    );
    if (text !== null) texts.set('tests-before/attestation.dsse.json', text);
    return signatureCheck(texts, attested, null);
  };
  const theirs = () => readFile(join(lender, 'artifacts/attestation.dsse.json'), 'utf8');
  const statement = async () =>
    JSON.parse(unseal(await theirs(), key.signer)) as { subject: object[]; predicate: object };

  test('the control', async () => {
    expect((await signaturesWith(await theirs())).status).toBe('ok');
  });

  test('no envelope', async () => {
    expect((await signaturesWith(null)).detail).toMatch(/attestation\.dsse\.json is missing/);
  });

  test('the envelope of another run', async () => {
    const other = await readFile(join(borrower, 'artifacts/attestation.dsse.json'), 'utf8');
    expect((await signaturesWith(other)).detail).toMatch(/is not of the run that run\.json names/);
  });

  test('one signed with another key', async () => {
    const file = join(space.dir, 'b.key');
    await proofbox(['keygen', '--out', file]);
    const text = seal(await statement(), await readSigningKey(file));
    expect((await signaturesWith(text)).detail).toMatch(/names another key/);
  });

  test('a whole chain made anew around an altered document', async () => {
    const forge = (forgery: Forgery) => {
      forgery.record((record) => Object.assign(record.exit, { exit_code: 0 }));
    };
    expect((await signaturesWith(await theirs(), forge)).detail).toMatch(
      /is not of the run that run\.json names/,
    );
  });

  test.each(TESTS_SOURCE_PROOFS)('one that says %s failed', async (id) => {
    const said = JSON.parse(unseal(await theirs(), key.signer)) as {
      predicate: { proofs: { id: string; status: string }[] };
    };
    for (const proof of said.predicate.proofs) if (proof.id === id) proof.status = 'failed';
    expect((await signaturesWith(seal(said, key))).detail).toMatch(/did not prove what its tests rest on/);
  });

  test('one that stands beside tests of the own run', async () => {
    const forge = (forgery: Forgery) => {
      forgery.edit<RunDocument>('run.json', (run) => Object.assign(run, { tests_before: null }));
    };
    expect((await signaturesWith(await theirs(), forge)).detail).toMatch(/run\.json names no such run/);
  });
});

describe('which run of a batch lends its tests', () => {
  const [run, again, other] = planRuns(
    BatchManifest.parse({
      schema: 'proofbox.batch/v1',
      fixtures: ['py-interval'],
      engines: [
        { id: 'one', engine: 'fake' },
        { id: 'two', engine: 'command', command: ['true'] },
        { id: 'small', engine: 'fake', limits: { pids: 9 } },
      ],
    }),
  );
  if (run === undefined || again === undefined || other === undefined) throw new Error('no runs are planned');
  const ended = { directory: '/runs/one', bundle: digestBytes(Buffer.from('one')) };
  const report = () => read<Report>(lender, 'report.json');

  test('the first that made sound tests, to every engine with the same limits', async () => {
    const shared = new SharedTests();
    expect(shared.offered(again)).toBeNull();
    shared.over(run, await report(), ended);
    shared.over(again, await report(), { ...ended, directory: '/runs/two' });
    expect(shared.offered(again)).toEqual(ended);
    expect(shared.offered(other)).toBeNull();
  });

  test.each<[string, (report: Report) => void]>([
    ...TESTS_SOURCE_PROOFS.map((id): [string, (report: Report) => void] => [
      `one without ${id}`,
      ({ proofs }) => {
        for (const proof of proofs) if (proof.id === id) proof.status = 'failed';
      },
    ]),
    ['one without tests', (it) => Object.assign(it, { verification: null })],
    [
      'one whose tests were stopped',
      ({ verification }) => Object.assign(verification?.before ?? {}, { stopped: 'timeout' }),
    ],
    ['one that borrowed them', ({ verification }) => Object.assign(verification ?? {}, { before_run: 'x' })],
  ])('not %s', async (_, change) => {
    const altered = await report();
    change(altered);
    const shared = new SharedTests();
    shared.over(run, altered, ended);
    expect(shared.offered(run)).toBeNull();
  });

  test('not one without a bundle', async () => {
    const shared = new SharedTests();
    shared.over(run, await report(), { ...ended, bundle: null });
    expect(shared.offered(run)).toBeNull();
  });
});
