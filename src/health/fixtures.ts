/** The default lane on every fixture: each must end as the fixture says, and leave a bundle that holds. */
import { join } from 'node:path';
import type { LoadedFixture } from '../contract/fixture.ts';
import { newIdentity } from '../lane/identity.ts';
import { runLane } from '../lane/run.ts';
import { unexpected } from '../validation/expectation.ts';
import { bundleProblems, plainRequest, type SharedRequest } from '../validation/play.ts';

/** @returns everything that was not as the fixtures say, one sentence each */
export async function playFixtures(
  shared: SharedRequest,
  fixtures: LoadedFixture[],
  onRun: (name: string) => void,
): Promise<{ directory: string; problems: string[] }> {
  const directory = join(shared.runsDir, 'health', newIdentity(new Date()).runId);
  const problems: string[] = [];
  for (const fixture of fixtures) {
    const { id } = fixture.fixture;
    shared.signal.throwIfAborted();
    onRun(id);
    const result = await runLane(plainRequest(shared, fixture, { out: join(directory, id) }));
    const otherwise = unexpected(fixture.fixture.expect, result.report);
    if (otherwise !== null) problems.push(`${id}: ${otherwise}`);
    problems.push(...(await bundleProblems(id, result, fixture)));
  }
  return { directory, problems };
}
