/** The engines there are. */
import type { EngineName } from '../schema/common.ts';
import { caseEngine } from './case.ts';
import { commandEngine } from './command.ts';
import type { Engine } from './engine.ts';
import { fakeEngine } from './fake.ts';

const ENGINES: Record<EngineName, Engine> = { fake: fakeEngine, command: commandEngine, case: caseEngine };

/** What `proofbox engines` lists. */
export function listEngines(): Pick<Engine, 'name' | 'description' | 'enabled'>[] {
  return Object.values(ENGINES).map(({ name, description, enabled }) => ({ name, description, enabled }));
}

export function engineByName(name: EngineName): Engine {
  return ENGINES[name];
}
