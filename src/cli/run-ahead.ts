/** Starts `proofbox run`: the container engine is asked first, and answers while the rest of the program loads. */
import { setImmediate as turn } from 'node:timers/promises';
import { askEngine } from '../docker/ask.ts';
import type { RunCommandOptions } from './run.ts';

/** Like `run`, which it hands over to. */
export async function runAhead(
  fixtureName: string,
  words: string[],
  options: RunCommandOptions,
): Promise<void> {
  // A request that is refused does not wait for an engine that does not answer.
  const unneeded = new AbortController();
  const engine = askEngine(unneeded.signal);
  engine.catch(() => undefined);
  try {
    // Loading lets nothing in or out: what is asked goes out in one turn, and its answer comes in with another.
    await turn();
    await import('./request.ts');
    await turn();
    await turn();
    const { run } = await import('./run.ts');
    await run(fixtureName, words, options, engine);
  } finally {
    unneeded.abort();
  }
}
