/** Gathers from a sealed bundle what its pages show. Looks at nothing outside the bundle: `verify` makes them again. */
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { fileLines } from '../evidence/lines.ts';
import { DOCUMENT_FILES } from '../proofs/evidence.ts';
import type { Derived } from './derive.ts';
import { type Excerpt, excerptKey, type Page, type Step } from './page-data.ts';

const MAX_PATCH = 256 << 10;
const MAX_LOG = 32 << 10;
/** Characters of one excerpt. */
const MAX_EXCERPT = 400;

/** Reads what is not in the report: steps, patch, log, and the places that the proofs point to. */
export async function readPage(artifacts: string, { evidence, report, activity }: Derived): Promise<Page> {
  const started = Date.parse(evidence.run.started_at);
  const engineStarted = evidence.cage.value?.engine?.started_at ?? null;
  return {
    steps: await steps(join(artifacts, 'trace.jsonl'), started),
    engine_started_ms: engineStarted === null ? null : Math.max(0, Date.parse(engineStarted) - started),
    activity,
    patch: await beginning(join(artifacts, 'patch.diff'), MAX_PATCH),
    test_log: await beginning(join(artifacts, 'test.log'), MAX_LOG),
    excerpts: await excerpts(artifacts, { evidence, report, activity }),
    forbidden: (evidence.forbidden.value?.roots ?? []).map(({ kind, path }) => ({ kind, path })),
    signer: evidence.run.signer?.keyid ?? null,
  };
}

interface SpanLine {
  resourceSpans: {
    scopeSpans: {
      spans: {
        name: string;
        parentSpanId?: string;
        startTimeUnixNano: string;
        endTimeUnixNano: string;
        status?: { code?: number };
      }[];
    }[];
  }[];
}

/** The run's steps, in the order in which they began. */
async function steps(path: string, started: number): Promise<Step[]> {
  const found: Step[] = [];
  for await (const line of fileLines(path)) {
    const span = (JSON.parse(line) as SpanLine).resourceSpans[0]?.scopeSpans[0]?.spans[0];
    if (span?.parentSpanId === undefined) continue;
    const since = (nano: string) => Math.round(Number(BigInt(nano) / 1000n - BigInt(started) * 1000n)) / 1000;
    found.push({
      name: span.name,
      start_ms: since(span.startTimeUnixNano),
      end_ms: since(span.endTimeUnixNano),
      failed: span.status?.code === 2,
    });
  }
  return found.sort((a, b) => a.start_ms - b.start_ms || (a.name < b.name ? -1 : 1));
}

async function beginning(path: string, limit: number): Promise<Excerpt> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    const bytes = Buffer.alloc(Math.min(size, limit));
    const { bytesRead } = await file.read(bytes, 0, bytes.length, 0);
    return { text: bytes.subarray(0, bytesRead).toString('utf8'), size, truncated: size > bytesRead };
  } finally {
    await file.close();
  }
}

/** What stands at every place that a proof points to: a value of a document, or a line of a record. */
async function excerpts(artifacts: string, { evidence, report }: Derived): Promise<Record<string, string>> {
  const found = new Map<string, string>();
  const lines = new Map<string, Set<number>>();
  const documents = new Map<string, unknown>(
    (['cage', 'contract', 'trees', 'forbidden'] as const).map((name) => [
      DOCUMENT_FILES[name],
      evidence[name].value,
    ]),
  );
  for (const { file, at } of report.proofs.flatMap((proof) => proof.evidence)) {
    if (at === undefined) continue;
    const line = /^line ([0-9]+)$/.exec(at)?.[1];
    if (line !== undefined) lines.set(file, (lines.get(file) ?? new Set()).add(Number(line)));
    else if (documents.has(file)) {
      const value = valueAt(documents.get(file), at);
      if (value !== undefined) found.set(excerptKey(file, at), cut(JSON.stringify(value)));
    }
  }
  for (const [file, wanted] of lines) {
    let number = 0;
    for await (const text of fileLines(join(artifacts, file))) {
      number += 1;
      if (wanted.has(number)) found.set(excerptKey(file, `line ${number}`), cut(text));
    }
  }
  return Object.fromEntries(found);
}

/** The value at a JSON pointer (RFC 6901); undefined where there is none. */
function valueAt(document: unknown, pointer: string): unknown {
  let value = document;
  for (const key of pointer.split('/').slice(1)) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Record<string, unknown>)[key];
  }
  return value;
}

function cut(text: string): string {
  return text.length > MAX_EXCERPT ? `${text.slice(0, MAX_EXCERPT)}…` : text;
}
