/** One request from the cage and its answer. Never throws: how it ended is the record. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ProviderOutcome, ProviderRecord } from '../schema/provider.ts';
import { digestBytes } from '../witness/content.ts';
import { isAllowed, MAX_REQUEST, MAX_RESPONSE, shapeOf, tokensIn } from './policy.ts';
import { redacting } from './redact.ts';
import { type Answer, type Ask, NoAnswer, type Source } from './source.ts';
import { judgeStream } from './whole.ts';

/** A line of provider.jsonl but what numbers it. */
export type Finished = Omit<ProviderRecord, 'seq' | 'nonce' | 't_ms'>;

export interface ExchangeOptions {
  source: Source;
  secret: string | null;
  request: IncomingMessage;
  response: ServerResponse;
  /** fires when the engine has ended */
  stop: AbortSignal;
}

export class Exchange {
  readonly #options: ExchangeOptions;
  readonly #began = performance.now();
  #asked: Buffer = Buffer.alloc(0);
  #sent: Buffer[] = [];
  #sentBytes = 0;

  constructor(options: ExchangeOptions) {
    this.#options = options;
    // A client that is gone is no error of ours.
    options.request.on('error', () => undefined);
    options.response.on('error', () => undefined);
  }

  /** Takes the request, gets its answer and passes it on. */
  async carry(): Promise<Finished> {
    const { request, source, stop } = this.#options;
    const problem = await this.#takeBody();
    if (problem !== null) return this.refuse(413, problem);
    const { method, path, url } = this.#line();
    if (!isAllowed(method, path)) return this.refuse(403, 'refused');
    const ask: Ask = { method, path, url, headers: request.headers, body: this.#asked, signal: stop };
    let answer: Answer;
    try {
      answer = await source.ask(ask);
    } catch (error) {
      if (stop.aborted) return this.refuse(503, 'left');
      return this.refuse(502, error instanceof NoAnswer ? error.outcome : 'unreachable');
    }
    return this.#record(answer.status, await this.#pass(ask, answer));
  }

  /** Answers in the gateway's own name. */
  async refuse(status: number, outcome: ProviderOutcome): Promise<Finished> {
    const { response } = this.#options;
    const message = `the gateway says: ${outcome}`;
    const text = Buffer.from(JSON.stringify({ error: { type: 'proofbox_gateway', message } }));
    this.#sent = [text];
    this.#sentBytes = text.length;
    if (!response.headersSent)
      response.writeHead(status, { 'content-type': 'application/json', connection: 'close' });
    response.end(text);
    return this.#record(status, outcome);
  }

  #line(): { method: string; path: string; url: string } {
    const { method = '', url = '' } = this.#options.request;
    return { method, url, path: url.split('?')[0] ?? '' };
  }

  /** @returns why there is no whole body, or null where there is */
  async #takeBody(): Promise<ProviderOutcome | null> {
    const parts: Buffer[] = [];
    let size = 0;
    try {
      for await (const part of this.#options.request as AsyncIterable<Buffer>) {
        size += part.length;
        if (size > MAX_REQUEST) return 'too_large';
        parts.push(part);
      }
    } catch {
      return 'left';
    }
    this.#asked = Buffer.concat(parts);
    return null;
  }

  async #pass(ask: Ask, answer: Answer): Promise<ProviderOutcome> {
    const { response, secret, source, stop } = this.#options;
    const clean = redacting(secret);
    answer.body.on('error', (error) => clean.destroy(error)).pipe(clean);
    response.writeHead(answer.status, { 'content-type': answer.contentType });
    try {
      for await (const part of clean as AsyncIterable<Buffer>) {
        this.#sentBytes += part.length;
        if (this.#sentBytes > MAX_RESPONSE) throw new NoAnswer('too_large', 'the answer is too large');
        this.#sent.push(part);
        if (response.destroyed) throw new NoAnswer('left', 'the engine is gone');
        if (!response.write(part)) await drained(response);
      }
    } catch (error) {
      // Half an answer must not look like a whole one.
      response.destroy();
      answer.body.destroy();
      if (stop.aborted) return 'left';
      return error instanceof NoAnswer ? error.outcome : 'cut';
    }
    const body = Buffer.concat(this.#sent);
    const outcome = answer.status < 400 ? judgeStream(answer.contentType, body.toString('utf8')) : 'rejected';
    if (outcome === 'cut') response.destroy();
    else response.end();
    if (outcome !== 'cut') source.keep(ask, { status: answer.status, contentType: answer.contentType, body });
    return outcome;
  }

  #record(status: number, outcome: ProviderOutcome): Finished {
    const { method, path } = this.#line();
    const sent = Buffer.concat(this.#sent);
    return {
      method: method.slice(0, 20),
      path: path.slice(0, 500),
      outcome,
      status,
      request_bytes: this.#asked.length,
      response_bytes: this.#sentBytes,
      request_digest: digestBytes(this.#asked),
      response_digest: digestBytes(sent),
      model: shapeOf(this.#asked).model?.slice(0, 200) ?? null,
      tokens: tokensIn(sent.toString('utf8')),
      duration_ms: Math.round(performance.now() - this.#began),
    };
  }
}

function drained(response: ServerResponse): Promise<void> {
  if (response.destroyed) return Promise.resolve();
  return new Promise((resolve) => {
    const done = () => {
      response.off('drain', done).off('close', done);
      resolve();
    };
    response.on('drain', done).on('close', done);
  });
}
