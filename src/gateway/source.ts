/** Where answers come from: a provider, or a cassette. */
import { writeFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { readBounded } from '../contract/read.ts';
import { ProofboxError } from '../errors.ts';
import { CassetteExchange, type ProviderOutcome } from '../schema/provider.ts';
import { SILENCE_MS, shapeOf, upstreamHeaders } from './policy.ts';

export interface Ask {
  method: string;
  path: string;
  /** with its query */
  url: string;
  headers: Record<string, string | string[] | undefined>;
  body: Buffer;
  signal: AbortSignal;
}

/** An answer as it begins; its body may still end early. */
export interface Answer {
  status: number;
  contentType: string;
  body: Readable;
}

/** No answer at all. */
export class NoAnswer extends Error {
  readonly outcome: ProviderOutcome;
  constructor(outcome: ProviderOutcome, message: string) {
    super(message);
    this.outcome = outcome;
  }
}

export interface Source {
  /** @throws NoAnswer */
  ask(request: Ask): Promise<Answer>;
  /** told of every whole answer, in order */
  keep(request: Ask, answer: { status: number; contentType: string; body: Buffer }): void;
  /** @throws ProofboxError `host` where a cassette cannot be written */
  close(): Promise<void>;
}

/**
 * The provider itself. The base address is what stands before `/v1`.
 * @param silenceMs a provider that says nothing for this long has failed, before its answer or in the middle of it
 */
export function liveSource(base: URL, key: string | null, silenceMs = SILENCE_MS): Source {
  return {
    async ask({ method, path, url, headers, body, signal }) {
      const silent = new AbortController();
      const timer = setTimeout(() => silent.abort(), silenceMs);
      try {
        const response = await fetch(new URL(url.replace(/^\//, ''), base), {
          method,
          headers: upstreamHeaders(path, headers, key),
          ...(method === 'GET' ? {} : { body: new Uint8Array(body) }),
          redirect: 'error',
          signal: AbortSignal.any([signal, silent.signal]),
        });
        return {
          status: response.status,
          contentType: plainType(response.headers.get('content-type'), key),
          body: Readable.from(watched(response.body, timer, silent.signal), { objectMode: false }),
        };
      } catch (error) {
        clearTimeout(timer);
        throw new NoAnswer(silent.signal.aborted ? 'timeout' : 'unreachable', (error as Error).message);
      }
    },
    keep: () => undefined,
    close: async () => undefined,
  };
}

/** The answer as it comes; every piece of it puts the end of patience off. */
async function* watched(
  body: ReadableStream<Uint8Array> | null,
  timer: NodeJS.Timeout,
  silent: AbortSignal,
): AsyncGenerator<Uint8Array> {
  try {
    for await (const part of body ?? []) {
      timer.refresh();
      yield part;
    }
  } catch (error) {
    throw silent.aborted ? new NoAnswer('timeout', 'the provider fell silent') : error;
  } finally {
    clearTimeout(timer);
  }
}

/** A header is as good a place for an echo of the key as a body. */
function plainType(type: string | null, key: string | null): string {
  const isPlain = type !== null && /^[\w.+-]+\/[\w.+-]+(?:\s*;\s*[\w-]+=[\w"-]+)*$/.test(type);
  return isPlain && (key === null || !type.includes(key)) ? type : 'application/octet-stream';
}

/** The provider, with every whole answer written to a cassette at the end. */
export function recordingSource(base: URL, key: string | null, file: string): Source {
  const live = liveSource(base, key);
  const kept: CassetteExchange[] = [];
  return {
    ask: (request) => live.ask(request),
    keep({ method, path, body }, answer) {
      const { status, contentType: content_type } = answer;
      const { shape } = shapeOf(body);
      kept.push({
        schema: 'proofbox.cassette/v1',
        method,
        path,
        shape,
        status,
        content_type,
        body: answer.body.toString('utf8'),
      });
    },
    async close() {
      await writeFile(file, kept.map((one) => `${JSON.stringify(one)}\n`).join(''), {
        flag: 'wx',
        mode: 0o600,
      }).catch((cause: Error) => {
        throw new ProofboxError('host', `the cassette ${file} cannot be written (${cause.message})`, {
          fix: 'name a file that does not exist yet',
          cause,
        });
      });
    },
  };
}

/** A cassette, played strictly in order: a request that is not the next one has no answer. */
export function replayingSource(exchanges: CassetteExchange[]): Source {
  let next = 0;
  return {
    async ask({ method, path, body }) {
      const exchange = exchanges[next];
      if (exchange === undefined) throw new NoAnswer('unexpected', 'the cassette holds no further answer');
      const isNext =
        exchange.method === method && exchange.path === path && exchange.shape === shapeOf(body).shape;
      if (!isNext)
        throw new NoAnswer('unexpected', `the cassette holds another request as number ${next + 1}`);
      next += 1;
      return {
        status: exchange.status,
        contentType: exchange.content_type,
        body: Readable.from([Buffer.from(exchange.body)]),
      };
    },
    keep: () => undefined,
    close: async () => undefined,
  };
}

/** Far above what one run records; a larger file is another file. */
const MAX_CASSETTE = 256 << 20;

/** @throws ProofboxError `invalid_input` that names the file, and the line where one is no exchange */
export async function readCassette(file: string): Promise<CassetteExchange[]> {
  const text = await readBounded(file, 'cassette', MAX_CASSETTE);
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line, index) => {
      try {
        return CassetteExchange.parse(JSON.parse(line));
      } catch (cause) {
        const what = `the cassette ${file} has no exchange on line ${index + 1}`;
        const fix = 'record it anew with --provider record:FILE=URL';
        throw new ProofboxError('invalid_input', what, { fix, cause });
      }
    });
}
