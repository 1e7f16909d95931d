/** `proofbox gc`: removes what a killed run left behind. */
import { connectDocker } from '../docker/connect.ts';
import { findLeftovers, removeLeftovers } from '../docker/leftovers.ts';
import { hostId, processStart } from '../lane/identity.ts';
import { printJson, say } from './output.ts';

/** Removes containers whose harness is gone, and says which. */
export async function gc(options: { json?: boolean }): Promise<void> {
  const { docker } = await connectDocker();
  const leftovers = await findLeftovers(docker, { hostId: hostId(), processStart });
  await removeLeftovers(docker, leftovers);
  if (options.json === true) printJson({ removed: leftovers });
  else if (leftovers.length === 0) say('nothing was left behind');
  else
    for (const { container, run } of leftovers)
      say(`removed container ${container.slice(0, 12)} of run ${run}`);
}
