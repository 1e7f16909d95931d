/** `proofbox gc`: removes what killed runs left behind, and seals what they had recorded. */
import { resolve } from 'node:path';
import { readSigningKey } from '../attest/keys.ts';
import { loadConfig } from '../contract/config.ts';
import { connectDocker } from '../docker/connect.ts';
import { findLeftovers, removeLeftovers } from '../docker/leftovers.ts';
import { type Sealed, sealAbandoned, sealOne } from '../lane/abandoned.ts';
import { hostId, processStart } from '../lane/identity.ts';
import { enterRun } from '../ledger/append.ts';
import { printJson, say } from './output.ts';

export interface GcOptions {
  sign?: string;
  json?: boolean;
}

/**
 * Removes containers whose harness is gone; then seals their runs, in the runs folder and in the folders that are named, and
 * enters those of the runs folder in its ledger.
 */
export async function gc(directories: string[], options: GcOptions): Promise<void> {
  const config = await loadConfig(process.cwd());
  const runsDir = resolve(config.runs_dir ?? 'runs');
  const keyFile = options.sign ?? config.signing_key;
  const key = keyFile === undefined ? null : await readSigningKey(resolve(keyFile));
  const { docker } = await connectDocker();
  const leftovers = await findLeftovers(docker, { hostId: hostId(), processStart });
  await removeLeftovers(docker, leftovers);
  const runs = await sealAbandoned(runsDir, key);
  for (const { directory, outcome } of runs)
    if (outcome === 'sealed') await enterRun(resolve(runsDir, 'ledger.jsonl'), directory);
  for (const directory of directories) {
    const one = await sealOne(resolve(directory), key);
    if (one !== null) runs.push(one);
  }
  if (options.json === true) printJson({ removed: leftovers, runs });
  else if (leftovers.length + runs.length === 0) say('nothing was left behind');
  else {
    for (const { container, run } of leftovers)
      say(`removed container ${container.slice(0, 12)} of run ${run}`);
    for (const one of runs) say(told(one));
  }
}

function told({ outcome, run, directory }: Sealed): string {
  const what = {
    sealed: `sealed run ${run} as interrupted`,
    removed: `removed run ${run}, which had not begun`,
    done: `removed the working files of run ${run}, which is whole`,
    kept: `left run ${run} as it is, because this version cannot read what it had noted`,
  };
  return `${what[outcome]}: ${directory}`;
}
