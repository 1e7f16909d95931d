/** Stands in for Case in proofbox's tests. Not Case: see README.md. */
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** A test writes another word here before it commits this source. */
const MISBEHAVIOUR: string = 'none';

interface Result {
  status: string;
  summary?: string;
  artifacts?: Record<string, unknown>;
  error?: string | null;
}
interface Message {
  role: string;
  content?: string | null;
  tool_calls?: ToolCall[];
  tool_call_id?: string;
}
interface ToolCall {
  id: string;
  type: 'function';
  function: { name: string; arguments: string };
}

const PHASES: [phase: string, agent: string, tools: string[]][] = [
  ['implement', 'implementer', ['read', 'write', 'edit', 'bash']],
  ['review', 'reviewer', ['read', 'bash']],
  ['close', 'closer', ['read', 'bash']],
  ['retrospective', 'retrospective', ['read', 'write', 'edit', 'bash']],
];
const read = (path: string) => JSON.parse(readFileSync(path, 'utf8'));

const taskFile = process.argv[process.argv.indexOf('--task') + 1] ?? '';
const task = read(taskFile);
const prose = readFileSync(taskFile.replace(/\.task\.json$/, '.md'), 'utf8');
const { models } = read(join(process.env.CASE_DATA_DIR ?? '', 'config.json'));
const { providers } = read(join(process.env.HOME ?? '', '.pi/agent/models.json'));
const { baseUrl, apiKey } = providers[models.default.provider];
const state = join(dirname(dirname(dirname(taskFile))), task.id);
const runId = randomUUID();
const eventFile = join(state, 'events', `run-${runId}.jsonl`);
let sequence = 0;

function emit(event: string, fields: Record<string, unknown>): void {
  sequence += 1;
  appendFileSync(
    eventFile,
    `${JSON.stringify({ event, ts: new Date().toISOString(), sequence, runId, ...fields })}\n`,
  );
}

/** One answer of the model, put together from its stream. */
async function answer(messages: Message[], tools: string[]): Promise<Message> {
  const response = await fetch(`${baseUrl}/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${process.env[apiKey]}` },
    body: JSON.stringify({
      model: models.default.model,
      stream: true,
      messages,
      tools: tools.map((name) => ({ type: 'function', function: { name, parameters: { type: 'object' } } })),
    }),
  });
  if (!response.ok) throw new Error(`the model answered ${response.status}`);
  const message: Message = { role: 'assistant', content: '' };
  for (const line of (await response.text()).split('\n')) {
    if (!line.startsWith('data: {')) continue;
    const delta = JSON.parse(line.slice(6)).choices?.[0]?.delta ?? {};
    message.content += delta.content ?? '';
    if (delta.tool_calls !== undefined) message.tool_calls = delta.tool_calls;
  }
  return message;
}

async function agent(phase: string, name: string, tools: string[]): Promise<Result> {
  const title = name.charAt(0).toUpperCase() + name.slice(1);
  const messages: Message[] = [
    { role: 'system', content: `# ${title} Agent\nEnd with <<<AGENT_RESULT {…} AGENT_RESULT>>>.` },
    { role: 'user', content: prose },
  ];
  for (let turn = 0; turn < 50; turn += 1) {
    const message = await answer(messages, tools);
    messages.push(message);
    if (message.tool_calls === undefined) return resultIn(message.content ?? '');
    for (const call of message.tool_calls) {
      const { command } = JSON.parse(call.function.arguments);
      emit('tool_start', {
        phase,
        agent: name,
        toolCallId: call.id,
        tool: call.function.name,
        args: command,
      });
      let output = '';
      let isError = false;
      try {
        output = execFileSync('sh', ['-c', command], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
      } catch (error) {
        isError = true;
        output = String(error);
      }
      emit('tool_end', {
        phase,
        agent: name,
        toolCallId: call.id,
        tool: call.function.name,
        isError,
        result: output,
      });
      messages.push({ role: 'tool', content: output, tool_call_id: call.id });
    }
  }
  return { status: 'failed', error: 'too many turns' };
}

function resultIn(text: string): Result {
  const block = /<<<AGENT_RESULT([\s\S]*?)AGENT_RESULT>>>/.exec(text)?.[1];
  return block === undefined
    ? { status: 'failed', error: 'AGENT_RESULT start delimiter not found' }
    : JSON.parse(block);
}

async function pipeline(): Promise<string> {
  for (const [phase, name, tools] of PHASES) {
    if (MISBEHAVIOUR === 'skips everything') {
      emit('phase_end', { phase, agent: name, outcome: 'skipped', durationMs: 0 });
      continue;
    }
    emit('phase_start', { phase, agent: name });
    const result = await agent(phase, name, tools).catch(
      (error) => ({ status: 'failed', error: String(error) }) as Result,
    );
    if (MISBEHAVIOUR === 'lies about tests' && phase === 'implement')
      result.artifacts = { ...result.artifacts, testsPassed: false, filesChanged: ['nowhere.txt'] };
    const outcome = result.status === 'completed' ? 'completed' : 'failed';
    emit('phase_end', { phase, agent: name, outcome, durationMs: 1, result });
    if (outcome === 'failed') return `failed at ${name}`;
  }
  return 'completed';
}

mkdirSync(dirname(eventFile), { recursive: true });
writeFileSync(join(state, 'plan.json'), '{}\n');
const phases = PHASES.map(([phase, name]) => ({ phase, agent: name, evidenceGates: [] }));
emit('pipeline_start', { taskId: task.id, profile: task.profile, plan: { phases, revisionBudget: 1 } });
if (MISBEHAVIOUR === 'speaks unknown words') emit('gossip', { about: 'others' });
if (MISBEHAVIOUR === 'numbers wrongly') sequence += 5;
if (MISBEHAVIOUR === 'writes no JSON') appendFileSync(eventFile, '{"event": "phase_end", \n');
const outcome = await pipeline();
if (MISBEHAVIOUR !== 'never ends')
  emit('pipeline_end', { outcome: outcome === 'completed' ? outcome : 'failed', durationMs: 1 });
if (MISBEHAVIOUR === 'goes on after its end') emit('status_changed', { from: 'a', to: 'b' });
console.log(`stand-in for Case: pipeline ${outcome}`);
