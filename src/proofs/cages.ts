/** The cages of one run, with the parts that `cage.json` keeps as the container engine gave them, checked for shape. */
import type { CageDocument, CageRecord } from '../schema/cage.ts';
import { CreateRequest, ImageConfig, Inspect } from '../schema/inspect.ts';
import type { Hello } from '../schema/recorder.ts';
import { type Finding, place } from './outcome.ts';

/** One cage ready to be judged. */
export interface CageView {
  role: CageRecord['role'];
  /** JSON pointer of the record in `cage.json` */
  at: string;
  requested: CreateRequest;
  created: Inspect;
  /** null while the cage still runs */
  exited: Inspect | null;
  imageEnv: string[];
  /** null where PID 1 never said what it sees */
  seen: Hello | null;
}

/** Every cage of the document with its JSON pointer. */
export function cageRecords(document: CageDocument): { at: string; record: CageRecord }[] {
  const { engine, verification } = document;
  const all = [
    { at: '/engine', record: engine },
    { at: '/verification/before', record: verification.before },
    { at: '/verification/after', record: verification.after },
  ];
  return all.flatMap(({ at, record }) => (record === null ? [] : [{ at, record }]));
}

/** The engine's own cage; where there is none, undefined and a finding. */
export function engineCage(document: CageDocument | undefined, findings: Finding[]): CageRecord | undefined {
  if (document === undefined || document.engine !== null) return document?.engine ?? undefined;
  findings.push({
    code: 'evidence_incomplete',
    message: `the engine had no cage: ${document.problem ?? 'nobody says why'}`,
    place: place('cage', '/engine'),
  });
  return undefined;
}

/** Every cage whose parts have the right shape; the others are findings `cage_mismatch`. */
export function cageViews(document: CageDocument, findings: Finding[]): CageView[] {
  engineCage(document, findings);
  return cageRecords(document).flatMap(({ at, record }) => {
    const view = cageView(at, record, findings);
    return view === null ? [] : [view];
  });
}

function cageView(at: string, record: CageRecord, findings: Finding[]): CageView | null {
  const shape = <T>(
    key: 'requested' | 'inspect_created' | 'inspect_exited' | 'image_config',
    schema: Shape<T>,
  ): T | null => {
    const parsed = schema.safeParse(record[key]);
    if (parsed.success) return parsed.data;
    const issue = parsed.error.issues[0];
    const spot = [at, key, ...(issue?.path ?? [])].join('/');
    findings.push({
      code: 'cage_mismatch',
      message: `${record.role}: cage.json does not say ${spot}: ${issue?.message ?? 'not valid'}`,
      place: place('cage', `${at}/${key}`),
    });
    return null;
  };
  const requested = shape('requested', CreateRequest);
  const created = shape('inspect_created', Inspect);
  const exited = shape('inspect_exited', Inspect);
  const image = shape('image_config', ImageConfig);
  if (record.seen === null) {
    findings.push({
      code: 'cage_mismatch',
      message: `${record.role}: PID 1 never said what it sees of its cage`,
      place: place('cage', `${at}/seen`),
    });
  }
  if (requested === null || created === null || exited === null || image === null) return null;
  return { role: record.role, at, requested, created, exited, imageEnv: image.Env ?? [], seen: record.seen };
}

interface Shape<T> {
  safeParse(
    value: unknown,
  ):
    | { success: true; data: T }
    | { success: false; error: { issues: { path: PropertyKey[]; message: string }[] } };
}
