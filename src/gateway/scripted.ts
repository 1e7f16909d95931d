/**
 * A model that thinks nothing: it plays the script of a fixture's fake lane through the tools of whatever agent asks it, in
 * the words of OpenAI's chat completions. With it an agent's whole way through a cage can be tried without a provider,
 * the same every time.
 */
import { Readable } from 'node:stream';
import type { FakeStep } from '../schema/fixture.ts';
import * as z from '../schema/zod.ts';
import { shellWord } from '../shell.ts';
import { digestBytes } from '../witness/content.ts';
import type { Provider } from './configure.ts';
import { NoAnswer, type Source } from './source.ts';

/** The name under which an engine asks for it; it answers to any. */
export const SCRIPTED_MODEL = 'scripted';

/** As much of a request as it looks at; what is not as it should be counts as not there. */
const ChatRequest = z.looseObject({
  stream: z.boolean().catch(false),
  messages: z.array(z.looseObject({ role: z.string().catch(''), content: z.unknown() })).catch([]),
  tools: z
    .array(z.looseObject({ function: z.looseObject({ name: z.string().catch('') }).catch({ name: '' }) }))
    .catch([]),
});
type ChatRequest = z.infer<typeof ChatRequest>;

interface Turn {
  text: string;
  call: { name: string; arguments: string } | null;
}

/** A model that plays a script; new for each run. */
export function scriptedProvider(script: FakeStep[]): Provider {
  return { mode: 'scripted', endpoint: null, source: scriptedSource(script), secret: null };
}

/** @param steps the script of the fixture's fake lane; what a tool cannot do is left out */
export function scriptedSource(steps: FakeStep[]): Source {
  return {
    async ask({ path, body }) {
      if (path !== '/v1/chat/completions')
        throw new NoAnswer('unexpected', 'the scripted model speaks chat completions only');
      const request = parse(body);
      const turn = nextTurn(request, steps);
      const id = `scripted-${digestBytes(body).slice(7, 23)}`;
      return request.stream
        ? { status: 200, contentType: 'text/event-stream', body: Readable.from([streamed(id, turn)]) }
        : { status: 200, contentType: 'application/json', body: Readable.from([whole(id, turn)]) };
    },
    keep: () => undefined,
    close: async () => undefined,
  };
}

function parse(body: Buffer): ChatRequest {
  try {
    return ChatRequest.parse(JSON.parse(body.toString('utf8')));
  } catch {
    throw new NoAnswer('unexpected', 'the request is no chat');
  }
}

/** The script's next command where there is a tool to run it and the agent is one that edits; else the last word. */
function nextTurn({ messages, tools }: ChatRequest, steps: FakeStep[]): Turn {
  const names = tools.map((tool) => tool.function.name);
  const edits = names.some((name) => /^(?:write|edit)$/i.test(name)) && !isLookingBack(messages);
  const shell = names.find((name) => /^(?:bash|shell)$/i.test(name));
  const commands = edits ? steps.flatMap(commandOf) : [];
  const done = messages.filter(({ role }) => role === 'tool').length;
  const command = commands[done];
  if (command !== undefined && shell !== undefined)
    return { text: '', call: { name: shell, arguments: JSON.stringify({ command }) } };
  return { text: lastWord(edits, steps), call: null };
}

/** Case gives its retrospective agent the tools to edit, and nothing to mend. */
function isLookingBack(messages: ChatRequest['messages']): boolean {
  return messages.some(({ content }) => /^#\s*Retrospective/m.test(textOf(content)));
}

function textOf(content: unknown): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return content.map((part: unknown) => String((part as { text?: unknown } | null)?.text ?? '')).join('\n');
}

/** A step as a command for a shell; texts travel as base64, so that no quoting can change them. */
function commandOf(step: FakeStep): string[] {
  const path = 'path' in step ? shellWord(step.path) : '';
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  switch (step.do) {
    case 'write': {
      const folder = step.path.includes('/') ? `mkdir -p "$(dirname ${path})" && ` : '';
      const arrow = step.append === true ? '>>' : '>';
      return [`${folder}echo ${base64(step.content)} | base64 -d ${arrow} ${path}`];
    }
    case 'replace': {
      const script =
        'import base64,sys; p,a,b=sys.argv[1],*[base64.b64decode(x).decode() for x in sys.argv[2:]]; ' +
        't=open(p,encoding="utf-8").read(); assert a in t; open(p,"w",encoding="utf-8").write(t.replace(a,b))';
      return [`python3 -c '${script}' ${path} ${base64(step.find)} ${base64(step.with)}`];
    }
    case 'delete':
      return [`rm -rf -- ${path}`];
    case 'run':
      return [step.argv.map(shellWord).join(' ')];
    default:
      return [];
  }
}

/** In the form that Case's agents must end with; others take it as a sentence. */
function lastWord(edits: boolean, steps: FakeStep[]): string {
  const hasPatch = steps.some((step) => step.do === 'event' && step.type === 'patch.applied');
  const isDone = !edits || hasPatch;
  const files = steps.flatMap((step) => ('path' in step ? [step.path] : []));
  const result = {
    status: isDone ? 'completed' : 'failed',
    summary: isDone ? 'The script was played.' : 'The script announces no patch.',
    artifacts: edits ? { filesChanged: [...new Set(files)], testsPassed: hasPatch } : {},
    ...(edits
      ? {}
      : {
          findings: { critical: 0, warnings: 0, info: 0, details: [] },
          rubric: {
            role: 'reviewer',
            categories: ['principle-compliance', 'test-sufficiency', 'scope-discipline', 'pattern-fit'].map(
              (category) => ({ category, verdict: 'pass', detail: 'scripted' }),
            ),
          },
        }),
    error: isDone ? null : 'the script announces no patch',
  };
  return `The script is at its end.\n<<<AGENT_RESULT\n${JSON.stringify(result)}\nAGENT_RESULT>>>`;
}

const USAGE = { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 };

function whole(id: string, turn: Turn): string {
  const calls = turn.call === null ? {} : { tool_calls: [toolCall(id, turn.call)] };
  const message = { role: 'assistant', content: turn.text === '' ? null : turn.text, ...calls };
  const choices = [{ index: 0, message, finish_reason: turn.call === null ? 'stop' : 'tool_calls' }];
  return JSON.stringify({
    id,
    object: 'chat.completion',
    created: 0,
    model: SCRIPTED_MODEL,
    choices,
    usage: USAGE,
  });
}

function streamed(id: string, turn: Turn): string {
  const chunk = (delta: unknown, finish: string | null = null, more = {}) =>
    `data: ${JSON.stringify({
      id,
      object: 'chat.completion.chunk',
      created: 0,
      model: SCRIPTED_MODEL,
      choices: [{ index: 0, delta, finish_reason: finish }],
      ...more,
    })}\n\n`;
  const said =
    turn.call === null
      ? chunk({ role: 'assistant', content: turn.text })
      : chunk({ role: 'assistant', tool_calls: [{ index: 0, ...toolCall(id, turn.call) }] });
  return `${said}${chunk({}, turn.call === null ? 'stop' : 'tool_calls', { usage: USAGE })}data: [DONE]\n\n`;
}

function toolCall(id: string, call: NonNullable<Turn['call']>) {
  return { id: `call-${id}`, type: 'function', function: call };
}
