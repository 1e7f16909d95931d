/**
 * The candidate under review: the public agent harness workos/case, run headless in a cage. Gates keep it closed
 * (src/proofs/gates.ts); no run ever admits its source. What it expects to find, and what it writes, is on docs/case.md.
 */
import { PASS_EVENTS } from '../schema/event.ts';
import { shellWord } from '../shell.ts';
import { readCaseEvents } from './case-events.ts';
import type { CaseSettings, Engine, PlanContext } from './engine.ts';
import { CAGE_ENV } from './environment.ts';
import { GATEWAY_ADDRESS, PLACEHOLDER } from './through-gateway.ts';

const START = '/opt/proofbox/engines/case/start.py';
const BUN = '/opt/bun/bun';
const SOURCE = '/opt/case';
const DATA = '/artifacts/backend/case-data';
/** Case keeps its state in the repository's `.case/`; a link leads it to the raw logs, where a reviewer looks. */
const STATE = '/artifacts/backend/case';
const TASK = 'task';
const REPOSITORY = 'fixture';

export const DEFAULT_CASE: CaseSettings = { model: 'scripted', api: 'openai-completions', profile: 'tiny' };

export const caseEngine: Engine = {
  name: 'case',
  description: 'the candidate under review; closed unless its gates are open',
  enabled: false,
  state: ['.case/'],
  needsProvider: true,
  speaksIn: { folder: `case/${TASK}/events`, names: /^run-[\w-]{1,100}\.jsonl$/ },
  plan(context) {
    const plan = startPlan(context);
    return {
      argv: ['python3', '-I', START, '/artifacts/inputs/case.json'],
      env: {
        ...CAGE_ENV,
        PATH: `/opt/bun:${CAGE_ENV.PATH}`,
        CASE_DATA_DIR: DATA,
        CASE_PACKAGE_ROOT: SOURCE,
        BUN_INSTALL: '/artifacts/backend/bun',
        OPENAI_API_KEY: PLACEHOLDER,
        ANTHROPIC_API_KEY: PLACEHOLDER,
      },
      inputs: { 'case.json': `${JSON.stringify(plan, null, 2)}\n` },
      requiredEvents: [...PASS_EVENTS],
    };
  },
  normalize: readCaseEvents,
};

/** What images/engines/case/start.py does before it becomes Case. */
function startPlan({ fixture, candidate }: PlanContext) {
  const settings = candidate ?? DEFAULT_CASE;
  const tasks = `${STATE}/tasks/active`;
  const test = (fixture.test_command ?? []).map(shellWord).join(' ');
  const document = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;
  return {
    folders: [
      ...(fixture.git === false ? [] : ['/workspace/.git/info']),
      tasks,
      DATA,
      '/artifacts/backend/home/.pi/agent',
      '/artifacts/backend/bun',
    ],
    links: { '/workspace/.case': STATE },
    files: {
      // A link is no folder: the pattern that ignores it must not end in a slash.
      ...(fixture.git === false ? {} : { '/workspace/.git/info/exclude': '\n.case\n' }),
      [`${tasks}/${TASK}.task.json`]: document({
        id: TASK,
        status: 'active',
        created: '2000-01-01T00:00:00.000Z',
        repo: REPOSITORY,
        issueType: 'freeform',
        mode: 'unattended',
        profile: settings.profile,
        agents: {},
        tested: false,
        manualTested: false,
        prUrl: null,
        prNumber: null,
        fastTestCommand: test,
      }),
      [`${tasks}/${TASK}.md`]: `# ${fixture.title}\n\n${fixture.task}\n`,
      [`${DATA}/config.json`]: document({
        version: 1,
        projects: './projects.json',
        models: { default: { provider: providerOf(settings), model: settings.model } },
      }),
      [`${DATA}/projects.json`]: document({
        repos: [
          {
            name: REPOSITORY,
            path: '/workspace',
            remote: 'https://fixture.invalid/fixture.git',
            language: 'mixed',
            packageManager: 'none',
            commands: { test },
          },
        ],
      }),
      '/artifacts/backend/home/.pi/agent/models.json': document(modelsFor(settings)),
    },
    argv: [
      BUN,
      `${SOURCE}/src/index.ts`,
      'run',
      '--task',
      `/workspace/.case/tasks/active/${TASK}.task.json`,
      '--mode',
      'unattended',
    ],
  };
}

/** Only a provider that its agent knows by name gets a key, so that one of those is led to the gateway. */
function providerOf({ api }: CaseSettings): 'openai' | 'anthropic' {
  return api === 'anthropic-messages' ? 'anthropic' : 'openai';
}

function modelsFor(settings: CaseSettings) {
  const provider = providerOf(settings);
  const isOpenAi = provider === 'openai';
  return {
    providers: {
      [provider]: {
        baseUrl: isOpenAi ? `${GATEWAY_ADDRESS}/v1` : GATEWAY_ADDRESS,
        api: settings.api,
        apiKey: isOpenAi ? 'OPENAI_API_KEY' : 'ANTHROPIC_API_KEY',
        models: [{ id: settings.model }],
      },
    },
  };
}
