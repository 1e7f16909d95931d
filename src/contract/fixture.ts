/** Finds and loads fixtures. Reads only: the copy is made by src/workspace. */
import { lstat, readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { ProofboxError } from '../errors.ts';
import { Fixture } from '../schema/fixture.ts';
import { readDocument } from './read.ts';

export interface LoadedFixture {
  /** absolute folder of the fixture */
  dir: string;
  /** absolute folder of its workspace */
  workspace: string;
  fixture: Fixture;
}

/**
 * Loads a fixture by name (a folder under `fixturesDir`) or by path (anything with a slash, or `.`).
 * @throws ProofboxError `invalid_input` naming what is wrong and the fixtures there are
 */
export async function loadFixture(nameOrPath: string, fixturesDir: string): Promise<LoadedFixture> {
  const isPath = nameOrPath.includes('/') || nameOrPath === '.' || nameOrPath === '..';
  const dir = isPath ? resolve(nameOrPath) : join(fixturesDir, nameOrPath);
  await requireFolder(dir, `fixture ${nameOrPath}`, async () => {
    const known = await fixtureNames(fixturesDir);
    return isPath
      ? 'name a folder that holds fixture.json'
      : `choose one of ${known.join(', ')}, or give a path such as ./my-fixture`;
  });
  const fixture = await readDocument(join(dir, 'fixture.json'), 'fixture', Fixture);
  const workspace = join(dir, fixture.workspace);
  await requireFolder(workspace, `workspace ${fixture.workspace} of fixture ${fixture.id}`, async () => {
    return `create ${workspace} as a real folder, or correct "workspace" in fixture.json`;
  });
  return { dir, workspace, fixture };
}

/** Names of the fixtures in a folder, sorted. */
export async function fixtureNames(fixturesDir: string): Promise<string[]> {
  const entries = await readdir(fixturesDir, { withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort();
}

async function requireFolder(path: string, what: string, fix: () => Promise<string>): Promise<void> {
  const stat = await lstat(path).catch(() => null);
  if (stat?.isDirectory()) return;
  const why =
    stat === null
      ? 'does not exist'
      : stat.isSymbolicLink()
        ? 'is a symbolic link, not a folder'
        : 'is not a folder';
  throw new ProofboxError('invalid_input', `${what} ${why}`, { fix: await fix() });
}
