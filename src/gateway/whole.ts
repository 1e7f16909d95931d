/** Whether a streamed answer is whole: a connection that ends is no proof that the answer had ended. Pure. */
import type { ProviderOutcome } from '../schema/provider.ts';

interface StreamEvent {
  type?: unknown;
  error?: unknown;
  choices?: { finish_reason?: unknown }[];
}

/** Last words of OpenAI's responses API and of Anthropic's messages API. */
const LAST = ['message_stop', 'response.completed', 'response.incomplete'];
const FAILURE = ['error', 'response.failed'];

/** How an answer of a good status that came to its end is to be counted. Other kinds than event streams are whole. */
export function judgeStream(contentType: string, body: string): ProviderOutcome {
  if (!contentType.toLowerCase().startsWith('text/event-stream')) return 'ok';
  let isWhole = false;
  for (const line of body.split(/\r?\n|\r/)) {
    const data = /^data:(.*)$/s.exec(line)?.[1]?.trim();
    if (data === undefined || data === '') continue;
    if (data === '[DONE]') return 'ok';
    const event = parse(data);
    const type = String(event.type ?? '');
    if (FAILURE.includes(type) || (event.error !== undefined && event.error !== null)) return 'rejected';
    // Servers that speak OpenAI's words often leave [DONE] out; the reason why a choice ended is as good.
    isWhole ||= LAST.includes(type) || typeof event.choices?.[0]?.finish_reason === 'string';
  }
  return isWhole ? 'ok' : 'cut';
}

function parse(data: string): StreamEvent {
  try {
    const value: unknown = JSON.parse(data);
    return typeof value === 'object' && value !== null ? (value as StreamEvent) : {};
  } catch {
    return {};
  }
}
