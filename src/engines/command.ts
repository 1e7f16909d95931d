/** Any program given after `--`. It may speak through backend/events.jsonl; nothing is said in its name. */
import { ProofboxError } from '../errors.ts';
import type { Engine } from './engine.ts';
import { CAGE_ENV } from './environment.ts';
import { readEventLines } from './event-lines.ts';

/** What the harness itself sees of any program; plans and patches only an engine can announce. */
const REQUIRED = [
  'run.started',
  'task.contract.created',
  'git.diff.checked',
  'verification.completed',
  'run.completed',
];

export const commandEngine: Engine = {
  name: 'command',
  description: 'any program: proofbox run FIXTURE --engine command -- PROGRAM ARGS',
  enabled: true,
  plan({ fixture, argv }) {
    if (argv.length === 0) {
      throw new ProofboxError('usage', 'the command engine needs a program', { fix: 'put it after --' });
    }
    return { argv, env: CAGE_ENV, inputs: { 'task.md': `${fixture.task}\n` }, requiredEvents: REQUIRED };
  },
  normalize: ({ events }) => readEventLines(events),
};
