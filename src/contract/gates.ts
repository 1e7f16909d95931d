/** Reads the gates once, from the process environment and nowhere else: no configuration file can open one. */
import type { EngineName } from '../schema/common.ts';
import { GATE_VALUES, type Gates } from '../schema/gates.ts';

/** The gate variables as they are, for the one engine that they guard. */
export function readGates(engine: EngineName, environment: NodeJS.ProcessEnv): Gates {
  if (engine !== 'case') return {};
  return Object.fromEntries(Object.keys(GATE_VALUES).map((name) => [name, environment[name] ?? null]));
}
