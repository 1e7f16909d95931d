/** The default lane: a deterministic engine that plays the script of the fixture, inside the cage like any other. */
import { ProofboxError } from '../errors.ts';
import { PASS_EVENTS } from '../schema/event.ts';
import type { Engine } from './engine.ts';
import { CAGE_ENV } from './environment.ts';
import { EVENTS_FILE, readEventLines } from './event-lines.ts';

const PROGRAM = '/opt/proofbox/engines/fake/fake-engine.py';

export const fakeEngine: Engine = {
  name: 'fake',
  description: 'plays the steps that the fixture scripts; the default lane',
  enabled: true,
  state: [],
  needsProvider: false,
  speaksIn: EVENTS_FILE,
  plan({ fixture }) {
    if (fixture.fake === undefined) {
      throw new ProofboxError(
        'invalid_input',
        `the fixture ${fixture.id} has no script for the fake engine`,
        {
          fix: 'add "fake": {"steps": […]} to its fixture.json, or choose another --engine',
        },
      );
    }
    return {
      argv: ['python3', '-I', PROGRAM, '/artifacts/inputs/lane.json'],
      env: CAGE_ENV,
      inputs: { 'lane.json': `${JSON.stringify(fixture.fake, null, 2)}\n` },
      requiredEvents: [...PASS_EVENTS],
    };
  },
  normalize: ({ text }) => readEventLines(text),
};
