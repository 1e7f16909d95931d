/** Whether the envelopes of a signed run carry the signer's signature over just what the evidence makes them say. */
import { createPublicKey } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { unseal } from '../attest/envelope.ts';
import { signerOf } from '../attest/keys.ts';
import { type Attested, type StatementName, statements } from '../attest/statements.ts';
import { ENVELOPES } from '../evidence/layout.ts';
import { PROOFBOX_VERSION } from '../package-root.ts';
import { TESTS_SOURCE_DIR } from '../proofs/evidence.ts';
import { provesTests, TESTS_SOURCE_ENVELOPE } from '../proofs/tests-source.ts';
import { PREDICATES } from '../schema/attestation.ts';
import type { Signer } from '../schema/run.ts';
import { type Check, checkOf, type Problem, skipped } from './check.ts';

const ID = 'signature';
const RUN = 'run.json';
export const SOURCE_ENVELOPE = `${TESTS_SOURCE_DIR}/${TESTS_SOURCE_ENVELOPE}`;

/**
 * @param texts the envelopes that stand in the bundle, by file name
 * @param trusted the key the reader trusts, where one was given
 */
export function signatureCheck(
  texts: Map<string, string>,
  attested: Attested,
  trusted: Signer | null,
): Check {
  const { signer, proofbox_version: version } = attested.evidence.run;
  if (signer === null) {
    const problems = [...texts.keys()].map(
      (file): Problem => ({ file, what: 'stands in a run that is not signed' }),
    );
    if (trusted !== null) problems.push({ file: RUN, what: 'says that the run is not signed' });
    if (problems.length > 0) return checkOf(ID, problems, '');
    return skipped(ID, 'the run is not signed: whoever had the bundle could have made all of it anew');
  }
  if (!isSound(signer))
    return checkOf(ID, [{ file: RUN, what: 'names a signer whose key is not the one of its keyid' }], '');
  if (trusted !== null && trusted.keyid !== signer.keyid)
    return checkOf(
      ID,
      [{ file: RUN, what: `names the signer ${signer.keyid}, not the key that was given` }],
      '',
    );
  const expected = statements(attested);
  const problems = (Object.keys(ENVELOPES) as StatementName[]).flatMap((name): Problem[] => {
    const file = ENVELOPES[name];
    const what = envelopeProblem(texts.get(file), signer, expected[name], version === PROOFBOX_VERSION);
    return what === null ? [] : [{ file, what }];
  });
  problems.push(...sourceProblems(texts.get(SOURCE_ENVELOPE), signer, attested));
  const whose =
    trusted === null
      ? `key ${signer.keyid.slice(0, 16)}…; give --key PUB to know that it is the right one`
      : 'the key that was given';
  return checkOf(ID, problems, `three statements, each what the evidence makes it, signed with ${whose}`);
}

/** The run that made the tests on the untouched fixture signed what this bundle has of it. */
function sourceProblems(text: string | undefined, signer: Signer, { evidence }: Attested): Problem[] {
  const { tests_before: named } = evidence.run;
  const problem = (what: string): Problem[] => [{ file: SOURCE_ENVELOPE, what }];
  if (named === null) return text === undefined ? [] : problem('is there, and run.json names no such run');
  if (text === undefined) return problem('is missing, though the run is signed');
  try {
    const { subject, predicateType, predicate } = JSON.parse(unseal(text, signer)) as {
      subject: { name: string; digest: { sha256: string } }[];
      predicateType: string;
      predicate: { run_id: string; nonce: string; proofs: { id: string; status: string }[] };
    };
    const list = subject.find(({ name }) => name === 'digests.json')?.digest.sha256;
    const isOfIt =
      predicateType === PREDICATES.run &&
      `sha256:${list}` === named.bundle &&
      predicate.run_id === named.run_id &&
      predicate.nonce === named.nonce;
    if (!isOfIt) return problem('is not of the run that run.json names');
    return provesTests(predicate.proofs)
      ? []
      : problem('is of a run that did not prove what its tests rest on');
  } catch (error) {
    return problem((error as Error).message);
  }
}

/** A keyid that is not the key's own could name a trusted key over a stranger's. */
function isSound(signer: Signer): boolean {
  try {
    return isDeepStrictEqual(signerOf(createPublicKey(signer.public_key)), signer);
  } catch {
    return false;
  }
}

function envelopeProblem(
  text: string | undefined,
  signer: Signer,
  expected: object,
  isThisVersion: boolean,
): string | null {
  if (text === undefined) return 'is missing, though the run is signed';
  try {
    const payload = unseal(text, signer);
    if (payload === JSON.stringify(expected)) return null;
    return !isThisVersion && isSameClaim(payload, expected) ? null : 'says something else than the evidence';
  } catch (error) {
    return (error as Error).message;
  }
}

/** What every version of a predicate has: what it is about and, for ours, the verdict. */
function isSameClaim(payload: string, expected: object): boolean {
  const claim = (value: unknown) => {
    const { subject, predicateType, predicate } = value as Record<'subject' | 'predicateType', unknown> & {
      predicate: { verdict?: unknown; proofs?: unknown };
    };
    return { subject, predicateType, verdict: predicate.verdict, proofs: predicate.proofs };
  };
  return isDeepStrictEqual(claim(JSON.parse(payload)), claim(JSON.parse(JSON.stringify(expected))));
}
