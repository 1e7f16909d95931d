/** Any program given after `--`. It may speak through backend/events.jsonl; nothing is said in its name. */
import { ProofboxError } from '../errors.ts';
import type { Engine } from './engine.ts';
import { CAGE_ENV } from './environment.ts';
import { EVENTS_FILE, readEventLines } from './event-lines.ts';

/** What the harness itself sees of any program; plans and patches only an engine can announce. */
const REQUIRED = [
  'run.started',
  'task.contract.created',
  'git.diff.checked',
  'verification.completed',
  'run.completed',
];

/** Programs of the packages that --npm adds to the image. */
const TOOLS = '/opt/tools/node_modules/.bin';

export const commandEngine: Engine = {
  name: 'command',
  description: 'any program: proofbox run FIXTURE --engine command -- PROGRAM ARGS',
  enabled: true,
  state: [],
  needsProvider: false,
  speaksIn: EVENTS_FILE,
  plan({ fixture, argv }) {
    if (argv.length === 0) {
      throw new ProofboxError('usage', 'the command engine needs a program', { fix: 'put it after --' });
    }
    const env = { ...CAGE_ENV, PATH: `${CAGE_ENV.PATH}:${TOOLS}` };
    return { argv, env, inputs: { 'task.md': `${fixture.task}\n` }, requiredEvents: REQUIRED };
  },
  normalize: ({ text }) => readEventLines(text),
};
