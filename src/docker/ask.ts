/** Finds the container engine and asks it what it is: what every run begins with. */
import { connectDocker, type Docker } from './connect.ts';
import { type EngineFacts, engineFacts } from './versions.ts';

export interface AskedEngine {
  docker: Docker;
  facts: EngineFacts;
}

/** @throws ProofboxError `host` where none answers; the signal's reason where it ended the waiting */
export async function askEngine(signal?: AbortSignal): Promise<AskedEngine> {
  const { docker } = await connectDocker(process.env, signal);
  return { docker, facts: await engineFacts(docker) };
}
