/** What may pass the gateway. Pure. */
import type { Digest } from '../schema/common.ts';
import { digestBytes } from '../witness/content.ts';

/** Far above what one turn of an agent needs; with MAX_CONNECTIONS it also bounds what the harness holds in memory. */
export const MAX_REQUEST = 8 << 20;
export const MAX_RESPONSE = 16 << 20;
/** Requests of one run; the gateway closes at the next. */
export const MAX_REQUESTS = 2000;
/** Requests under way at the same time. */
export const MAX_CONNECTIONS = 16;
/** Requests a second, beyond a first burst: a runaway agent is slowed before it is expensive. */
export const RATE = 10;
export const BURST = 40;
/** A provider that says nothing for this long has failed. */
export const SILENCE_MS = 120_000;

/** OpenAI-compatible and Anthropic-compatible calls, below the base address. Nothing that stores or lists anything. */
const ALLOWED: [method: string, path: RegExp][] = [
  ['POST', /^\/v1\/chat\/completions$/],
  ['POST', /^\/v1\/completions$/],
  ['POST', /^\/v1\/responses$/],
  ['POST', /^\/v1\/embeddings$/],
  ['POST', /^\/v1\/messages$/],
  ['POST', /^\/v1\/messages\/count_tokens$/],
  ['GET', /^\/v1\/models(?:\/[\w.:-]{1,200})?$/],
];

export function isAllowed(method: string, path: string): boolean {
  return ALLOWED.some(([one, pattern]) => one === method && pattern.test(path));
}

/** The provider's headers: the real key, and of the engine's own only what says how to read body and answer. */
export function upstreamHeaders(
  path: string,
  given: Record<string, string | string[] | undefined>,
  key: string | null,
): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const name of ['content-type', 'accept', 'anthropic-version', 'anthropic-beta', 'openai-beta']) {
    const value = given[name];
    if (typeof value === 'string') headers[name] = value;
  }
  if (key === null) return headers;
  if (path.startsWith('/v1/messages')) headers['x-api-key'] = key;
  else headers.authorization = `Bearer ${key}`;
  return headers;
}

interface Turn {
  role?: unknown;
  type?: unknown;
}
interface Body {
  model?: unknown;
  stream?: unknown;
  tools?: { name?: unknown; function?: { name?: unknown } }[];
  messages?: Turn[];
  input?: Turn[] | string;
}

/** The model a body names, and the digest of its shape: what two runs of one task have in common, without the words. */
export function shapeOf(body: Buffer): { model: string | null; shape: Digest } {
  let value: Body = {};
  try {
    value = (JSON.parse(body.toString('utf8')) ?? {}) as Body;
  } catch {
    // A body that is no JSON has the shape of an empty one.
  }
  const turns = Array.isArray(value.messages)
    ? value.messages
    : Array.isArray(value.input)
      ? value.input
      : [];
  const tools = Array.isArray(value.tools) ? value.tools : [];
  const model = typeof value.model === 'string' ? value.model : null;
  const shape = JSON.stringify([
    model,
    value.stream === true,
    tools.map((tool) => String(tool?.name ?? tool?.function?.name ?? '')).sort(),
    turns.map((turn) => String(turn?.role ?? turn?.type ?? '')),
  ]);
  return { model, shape: digestBytes(Buffer.from(shape)) };
}

/** What an answer says it cost, whole or streamed; the last count wins. */
export function tokensIn(text: string): { input: number | null; output: number | null } {
  const last = (pattern: RegExp) => {
    const found = [...text.matchAll(pattern)].at(-1)?.[1];
    return found === undefined ? null : Number(found);
  };
  return {
    input: last(/"(?:prompt_tokens|input_tokens)"\s*:\s*(\d{1,12})/g),
    output: last(/"(?:completion_tokens|output_tokens)"\s*:\s*(\d{1,12})/g),
  };
}
