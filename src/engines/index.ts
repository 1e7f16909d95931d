/** The engines there are. */
import { ProofboxError } from '../errors.ts';
import type { EngineName } from '../schema/common.ts';
import { commandEngine } from './command.ts';
import type { Engine } from './engine.ts';
import { fakeEngine } from './fake.ts';

const ENGINES: Partial<Record<EngineName, Engine>> = { fake: fakeEngine, command: commandEngine };

/** What `proofbox engines` lists. `case` is known and closed: R1. */
export function listEngines(): Pick<Engine, 'name' | 'description' | 'enabled'>[] {
  const open = Object.values(ENGINES).map(({ name, description, enabled }) => ({
    name,
    description,
    enabled,
  }));
  return [
    ...open,
    {
      name: 'case',
      description: 'the candidate under review; closed until its gates are built',
      enabled: false,
    },
  ];
}

/** @throws ProofboxError `blocked` for an engine that must not run */
export function engineByName(name: EngineName): Engine {
  const engine = ENGINES[name];
  if (engine === undefined) {
    throw new ProofboxError('blocked', `the engine ${name} is disabled (case_disabled)`, {
      fix: 'use --engine fake or --engine command',
    });
  }
  return engine;
}
