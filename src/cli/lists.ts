/** `proofbox fixtures` and `proofbox engines`. */
import { fixtureNames, loadFixture } from '../contract/fixture.ts';
import { listEngines } from '../engines/index.ts';
import { printJson } from './output.ts';
import { FIXTURES_DIR } from './paths.ts';

/** Prints every fixture with its title and the verdict its fake lane expects. */
export async function fixtures(options: { json?: boolean }): Promise<void> {
  const names = await fixtureNames(FIXTURES_DIR);
  const loaded = await Promise.all(names.map((name) => loadFixture(name, FIXTURES_DIR)));
  const rows = loaded.map(({ fixture }) => ({
    id: fixture.id,
    title: fixture.title,
    expect: fixture.expect,
  }));
  if (options.json === true) printJson({ fixtures: rows });
  else
    for (const { id, title, expect } of rows)
      process.stdout.write(`${id.padEnd(28)} ${expect.status.padEnd(7)} ${title}\n`);
}

/** Prints every engine and whether it may run. */
export async function engines(options: { json?: boolean }): Promise<void> {
  const rows = listEngines();
  if (options.json === true) printJson({ engines: rows });
  else
    for (const { name, enabled, description } of rows)
      process.stdout.write(
        `${name.padEnd(10)} ${(enabled ? 'enabled' : 'disabled').padEnd(9)} ${description}\n`,
      );
}
