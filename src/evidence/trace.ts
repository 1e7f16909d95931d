/**
 * Spans of the run as OTLP JSON lines: one ExportTraceServiceRequest a line, which an OpenTelemetry
 * collector's otlpjsonfile receiver reads (opentelemetry-proto, JSON encoding: ids as hex, times as
 * decimal strings of nanoseconds).
 */
import { randomBytes } from 'node:crypto';
import type { Clock } from './clock.ts';

type Attributes = Record<string, string | number | boolean>;

interface Span {
  id: string;
  parent: string | null;
  name: string;
  startMs: number;
  endMs: number;
  attributes: Attributes;
  failed: string | null;
}

const SPAN_KIND_INTERNAL = 1;
const STATUS_OK = 1;
const STATUS_ERROR = 2;

/** Collects spans. Times come from the monotonic clock, laid on the wall clock's start. */
export class Trace {
  readonly #traceId = randomBytes(16).toString('hex');
  readonly #root = randomBytes(8).toString('hex');
  readonly #spans: Span[] = [];

  constructor(
    private readonly clock: Clock,
    private readonly nonce: string,
    private readonly runId: string,
  ) {}

  /** Measures `act` as a child of the run's span, also where it throws. */
  async span<T>(name: string, act: (attributes: Attributes) => Promise<T>): Promise<T> {
    const attributes: Attributes = {};
    const startMs = this.clock.now().t_ms;
    let failed: string | null = null;
    try {
      return await act(attributes);
    } catch (error) {
      failed = (error as Error).message;
      throw error;
    } finally {
      const id = randomBytes(8).toString('hex');
      this.#spans.push({
        id,
        parent: this.#root,
        name,
        startMs,
        endMs: this.clock.now().t_ms,
        attributes,
        failed,
      });
    }
  }

  /** The lines of trace.jsonl: the run's span first, its children in the order in which they ended. */
  lines(status: string): string[] {
    const root: Span = {
      id: this.#root,
      parent: null,
      name: 'proofbox.run',
      startMs: 0,
      endMs: this.clock.now().t_ms,
      attributes: { 'proofbox.lane': status },
      failed: null,
    };
    return [root, ...this.#spans].map((span) => JSON.stringify(this.#request(span)));
  }

  #request(span: Span): object {
    return {
      resourceSpans: [
        {
          resource: {
            attributes: encode({
              'service.name': 'proofbox',
              'proofbox.run_id': this.runId,
              'proofbox.nonce': this.nonce,
            }),
          },
          scopeSpans: [
            {
              scope: { name: 'proofbox' },
              spans: [
                {
                  traceId: this.#traceId,
                  spanId: span.id,
                  ...(span.parent === null ? {} : { parentSpanId: span.parent }),
                  name: span.name,
                  kind: SPAN_KIND_INTERNAL,
                  startTimeUnixNano: this.#nano(span.startMs),
                  endTimeUnixNano: this.#nano(span.endMs),
                  attributes: encode(span.attributes),
                  status:
                    span.failed === null ? { code: STATUS_OK } : { code: STATUS_ERROR, message: span.failed },
                },
              ],
            },
          ],
        },
      ],
    };
  }

  #nano(sinceStartMs: number): string {
    return String(BigInt(this.clock.startedAt) * 1_000_000n + BigInt(Math.round(sinceStartMs * 1e6)));
  }
}

function encode(attributes: Attributes): object[] {
  return Object.entries(attributes).map(([key, value]) => ({
    key,
    value:
      typeof value === 'string'
        ? { stringValue: value }
        : typeof value === 'boolean'
          ? { boolValue: value }
          : Number.isInteger(value)
            ? { intValue: String(value) }
            : { doubleValue: value },
  }));
}
