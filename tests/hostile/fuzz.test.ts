/** Whatever reads what an engine or a stranger left must take anything: it refuses, counts or bounds, and never throws else. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { FrameReader, StreamProblem } from '../../src/cage/frames.ts';
import { readDocument } from '../../src/contract/read.ts';
import { readCaseEvents } from '../../src/engines/case-events.ts';
import { readEventLines } from '../../src/engines/event-lines.ts';
import { ProofboxError } from '../../src/errors.ts';
import { shapeOf, tokensIn } from '../../src/gateway/policy.ts';
import { redacting } from '../../src/gateway/redact.ts';
import { scriptedSource } from '../../src/gateway/scripted.ts';
import { NoAnswer, readCassette } from '../../src/gateway/source.ts';
import { judgeStream } from '../../src/gateway/whole.ts';
import { caseBlockers, caseClaims } from '../../src/proofs/case-outcome.ts';
import type { Evidence } from '../../src/proofs/evidence.ts';
import { NormalizedEvent } from '../../src/schema/event.ts';
import { ContractFile } from '../../src/schema/fixture.ts';
import { RunState } from '../../src/schema/state.ts';

const RUNS = Number(process.env.PROOFBOX_FUZZ ?? 300);
const space = mkdtempSync(join(tmpdir(), 'proofbox-fuzz-'));
afterAll(() => rmSync(space, { recursive: true, force: true }));

const anything = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.json(),
  fc.jsonValue().map((value) => JSON.stringify(value)),
);
/** Lines that look like events, with anything in the place of their values. */
const likeEvents = fc
  .array(
    fc.oneof(
      fc.record({
        type: fc.oneof(fc.constantFrom('plan.updated', 'run.started', 'engine.x'), fc.string()),
        data: fc.jsonValue(),
      }),
      fc.record(
        {
          event: fc.oneof(
            fc.constantFrom('pipeline_start', 'phase_end', 'pipeline_end', 'revision_requested'),
            fc.string(),
          ),
          sequence: fc.oneof(fc.nat(5), fc.jsonValue()),
          phase: fc.oneof(fc.constant('implement'), fc.jsonValue()),
          outcome: fc.oneof(fc.constantFrom('completed', 'skipped'), fc.jsonValue()),
          plan: fc.oneof(fc.record({ phases: fc.jsonValue() }), fc.jsonValue()),
          result: fc.oneof(fc.record({ artifacts: fc.jsonValue() }), fc.jsonValue()),
        },
        { requiredKeys: [] },
      ),
      fc.jsonValue(),
    ),
    { maxLength: 20 },
  )
  .map((lines) => lines.map((line) => JSON.stringify(line)).join('\n'));

const property = (name: string, check: () => void | Promise<void>) => test(name, check, 120_000);
const HARNESS = [
  'run.started',
  'task.contract.created',
  'git.diff.checked',
  'verification.completed',
  'run.completed',
];

describe('what an engine says of itself', () => {
  property("any text: every line is an event or counted, and none is the harness's", () => {
    fc.assert(
      fc.property(fc.oneof(anything, likeEvents), fc.boolean(), (text, changed) => {
        const lines = text.split('\n').filter((line) => line !== '').length;
        for (const result of [readEventLines(text), readCaseEvents({ text, changed })]) {
          for (const { type } of result.events) expect(HARNESS).not.toContain(type);
          expect(result.unmapped).toBeLessThanOrEqual(lines);
          expect(result.problems.length).toBeLessThanOrEqual(5);
          expect(result.events.length + result.unmapped).toBeGreaterThanOrEqual(lines);
        }
        if (!changed)
          expect(readCaseEvents({ text, changed }).events.map(({ type }) => type)).not.toContain(
            'patch.applied',
          );
      }),
      { numRuns: RUNS },
    );
  });

  property('any events: its claims and its outcome are judged, not believed', () => {
    fc.assert(
      fc.property(likeEvents, fc.array(fc.string()), (text, files) => {
        const events = readCaseEvents({ text, changed: true }).events.map((event, index) =>
          NormalizedEvent.parse({
            seq: index + 1,
            at: '2026-01-01T00:00:00.000Z',
            t_ms: index,
            nonce: '0'.repeat(32),
            source: 'engine',
            ...event,
          }),
        );
        const evidence = {
          contract: { value: { engine: { name: 'case' } } },
          events: { value: events },
        } as Evidence;
        const done = text.includes('"pipeline_end"') && text.includes('"completed"');
        if (!done) expect(caseBlockers(evidence)).toHaveLength(1);
        expect(caseClaims(evidence, { files, testsPassed: true })?.files_changed.length).toBeLessThanOrEqual(
          200,
        );
      }),
      { numRuns: RUNS },
    );
  });
});

describe('what a provider and a cage say to the gateway', () => {
  property('any body has a shape, any answer a count and an end', () => {
    fc.assert(
      fc.property(anything, anything, (body, answer) => {
        expect(shapeOf(Buffer.from(body)).shape).toMatch(/^sha256:/);
        expect(tokensIn(answer)).toHaveProperty('input');
        expect(['ok', 'cut', 'rejected']).toContain(judgeStream('text/event-stream', answer));
        const data = answer.split('\n').map((line) => `data: ${line}`);
        expect(['ok', 'cut', 'rejected']).toContain(judgeStream('text/event-stream', data.join('\n\n')));
      }),
      { numRuns: RUNS },
    );
  });

  property('any request to the scripted model is answered or refused', async () => {
    const model = scriptedSource([{ do: 'write', path: 'a', content: 'b' }]);
    const { signal } = new AbortController();
    await fc.assert(
      fc.asyncProperty(anything, async (body) => {
        const path = '/v1/chat/completions';
        await model
          .ask({ method: 'POST', path, url: path, headers: {}, body: Buffer.from(body), signal })
          .catch((error: unknown) => expect(error).toBeInstanceOf(NoAnswer));
      }),
      { numRuns: RUNS },
    );
  });

  property('a key never comes through, however the answer is cut into pieces', async () => {
    const secret = 'key-aabaab';
    const piece = fc.oneof(
      fc.constantFrom(secret, 'key-', 'aabaab', 'key-aab', 'k'),
      fc.string({ maxLength: 5 }),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(piece, { maxLength: 30 }),
        fc.integer({ min: 1, max: 7 }),
        async (pieces, size) => {
          const whole = Buffer.from(pieces.join(''));
          const cut: Buffer[] = [];
          for (let at = 0; at < whole.length; at += size) cut.push(whole.subarray(at, at + size));
          const out: Buffer[] = [];
          for await (const part of Readable.from(cut).pipe(redacting(secret))) out.push(part as Buffer);
          const text = Buffer.concat(out);
          expect(text.includes(secret)).toBe(false);
          expect(text.length).toBe(whole.length);
        },
      ),
      { numRuns: RUNS },
    );
  });
});

describe('what comes from the recorder', () => {
  property('any bytes, in any pieces: frames, or a problem with the stream', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.integer({ min: 1, max: 50 }), (bytes, size) => {
        const reader = new FrameReader();
        try {
          for (let at = 0; at < bytes.length; at += size)
            for (const _ of reader.push(Buffer.from(bytes.subarray(at, at + size))));
          expect(reader.problemAtEnd()).not.toBeNull();
        } catch (error) {
          expect(error).toBeInstanceOf(StreamProblem);
        }
      }),
      { numRuns: RUNS * 5 },
    );
  });

  property('a sound stream of which one byte is altered is never taken for a whole one', () => {
    const frames = fc.array(fc.tuple(fc.constantFrom('H', 'W', 'P', 'O'), fc.uint8Array({ maxLength: 20 })), {
      maxLength: 6,
    });
    fc.assert(
      fc.property(frames, fc.nat(), fc.integer({ min: 1, max: 255 }), (list, where, by) => {
        const stream = streamOf([...list, ['Z', new Uint8Array()]]);
        expect(read(stream)).toEqual([...list.map(([type]) => type), 'Z']);
        const altered = Buffer.from(stream);
        const at = where % altered.length;
        altered[at] = (altered[at] ?? 0) ^ by;
        // The number of Docker's stream alone may change between its two kinds of standard output.
        if (at % 1e9 === 0 && altered[0] !== undefined && altered[0] < 2) return;
        expect(read(altered)).toBeNull();
      }),
      { numRuns: RUNS },
    );
  });
});

describe('what a stranger hands over', () => {
  property('any file as a contract or a cassette: read, or one sentence', async () => {
    const file = join(space, 'document');
    await fc.assert(
      fc.asyncProperty(fc.oneof(anything, likeEvents), async (text) => {
        writeFileSync(file, text);
        for (const act of [() => readDocument(file, 'contract', ContractFile), () => readCassette(file)])
          await Promise.resolve(act()).catch((error: unknown) => {
            expect(error).toBeInstanceOf(ProofboxError);
            expect((error as ProofboxError).exitCode).toBe(2);
          });
        expect(RunState.safeParse(text).success).toBe(false);
      }),
      { numRuns: RUNS },
    );
  });
});

/** One Docker chunk that holds the frames as the recorder writes them. */
function streamOf(frames: (readonly [string, Uint8Array])[]): Buffer {
  let sum = 0;
  const parts = frames.map(([type, payload]) => {
    const header = Buffer.alloc(12);
    header.write(`pb${type}`, 'latin1');
    header.writeUInt32BE(payload.length, 4);
    sum = crc32(payload, crc32(header.subarray(0, 8), sum));
    header.writeUInt32BE(sum, 8);
    return Buffer.concat([header, payload]);
  });
  const body = Buffer.concat(parts);
  const header = Buffer.alloc(8);
  header[0] = 1;
  header.writeUInt32BE(body.length, 4);
  return Buffer.concat([header, body]);
}

/** Types of the frames of a whole stream; null where it has a problem. */
function read(stream: Buffer): string[] | null {
  const reader = new FrameReader();
  try {
    const types = [...reader.push(stream)].map(({ type }) => type as string);
    return reader.problemAtEnd() === null ? types : null;
  } catch {
    return null;
  }
}
