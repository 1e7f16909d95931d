/** Every name that a fleet uses in NATS. Pure. docs/fleet/nats-server.conf grants rights by these names. */
import { ProofboxError } from '../errors.ts';
import { RunClass, Token } from '../schema/fleet.ts';
import type { Assignment } from '../schema/run.ts';

/** Streams. */
export const RUNS = 'PROOFBOX_RUNS';
export const ANSWERS = 'PROOFBOX_ANSWERS';
export const DEAD = 'PROOFBOX_DEAD';
export const ADVISORIES = 'PROOFBOX_ADVISORIES';

/** Buckets: two for objects, because batches write the one and workers the other. */
export const INPUTS = 'proofbox_inputs';
export const BUNDLES = 'proofbox_bundles';
export const WORKERS = 'proofbox_workers';

const ROOT = 'proofbox.v1';
export const RUNS_SUBJECTS = `${ROOT}.runs.>`;
export const ANSWERS_SUBJECTS = `${ROOT}.answers.>`;
export const DEAD_SUBJECTS = `${ROOT}.dead.>`;
/** Not stored: tells idle workers that there is a class which they may not know yet. */
export const WAKE_SUBJECT = `${ROOT}.wake`;
/** What the server says when a message was handed out too often. */
export const ADVISORIES_SUBJECTS = `$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.${RUNS}.*`;

const CLASS_PARTS = ['inputs', 'pool', 'architecture', 'runtime', 'kind'] as const;
/** How many parts of a subject stand before those of its class. */
const BEFORE = ROOT.split('.').length + 1;

/** Where a run waits: at most one message can, for as long as it does. */
export function runSubject(of: RunClass, { batch, key }: Assignment, attempt: number): string {
  return `${classSubject(of)}.${batch}.${key}.${attempt}`;
}

/** All runs of a batch, whatever their class. */
export function batchRunsSubject(batch: string): string {
  return `${ROOT}.runs.${CLASS_PARTS.map(() => '*').join('.')}.${batch}.>`;
}

/** What a subject of the queue names; null where it is no such subject. */
export function parseRunSubject(subject: string): { key: string; attempt: number; batch: string } | null {
  const [batch, ...rest] = subject.split('.').slice(BEFORE + CLASS_PARTS.length);
  const attempt = Number(rest.pop());
  return batch === undefined || rest.length === 0 || !Number.isSafeInteger(attempt)
    ? null
    : { batch, key: rest.join('.'), attempt };
}

/** The filter of a class's consumer. */
export function classFilter(of: RunClass): string {
  return `${classSubject(of)}.>`;
}

function classSubject(of: RunClass): string {
  return `${ROOT}.runs.${CLASS_PARTS.map((part) => of[part]).join('.')}`;
}

/** One durable consumer a class, shared by all workers that take it. */
export function consumerName(of: RunClass): string {
  return CLASS_PARTS.map((part) => of[part]).join('~');
}

/** The class of a consumer; null where the name is none of ours. */
export function parseConsumerName(name: string): RunClass | null {
  const parts = name.split('~');
  if (parts.length !== CLASS_PARTS.length) return null;
  return RunClass.safeParse(Object.fromEntries(CLASS_PARTS.map((part, n) => [part, parts[n]]))).data ?? null;
}

export function answersSubject({ batch }: Pick<Assignment, 'batch'>, kind: string): string {
  return `${ROOT}.answers.${batch}.${kind}`;
}

export function deadSubject({ batch, key }: Assignment): string {
  return `${ROOT}.dead.${batch}.${key}`;
}

export function deadOfBatch(batch: string): string {
  return `${ROOT}.dead.${batch}.>`;
}

/** The name of an object: its digest, without what a subject may not hold. */
export function objectName(digest: string): string {
  return digest.replace('sha256:', '');
}

/**
 * A word that becomes part of a subject.
 * @throws ProofboxError `usage` where it cannot
 */
export function requireToken(word: string, what: string): string {
  if (Token.safeParse(word).success) return word;
  throw new ProofboxError(
    'usage',
    `the ${what} ${JSON.stringify(word)} holds more than letters, digits, "-" and "_"`,
    {
      fix: `give a ${what} of at most 64 of these`,
    },
  );
}
