/** The packages that the engine under review declares: fetched on the host, without running a line of them. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ProofboxError } from '../errors.ts';
import * as z from '../schema/zod.ts';

const Manifest = z.object({ dependencies: z.record(z.string(), z.string()).default({}) });

/** A version range of the registry: no path, address or repository, which could make npm read or run something else. */
const FROM_REGISTRY = /^[\w^~<>=*|.+ -]{1,200}$/;
const NAME = /^(?:@[a-z0-9][\w.-]*\/)?[a-z0-9][\w.-]*$/;

/**
 * What npm is given in the place of the engine's own package.json: its runtime dependencies and nothing else.
 * @throws ProofboxError `host` where there is no package.json, or a dependency is not of the registry
 */
export async function dependenciesOf(source: string): Promise<string> {
  let manifest: z.infer<typeof Manifest>;
  try {
    manifest = Manifest.parse(JSON.parse(await readFile(join(source, 'package.json'), 'utf8')));
  } catch (cause) {
    throw refused('has no package.json that can be read', cause);
  }
  for (const [name, range] of Object.entries(manifest.dependencies))
    if (!NAME.test(name) || !FROM_REGISTRY.test(range))
      throw refused(
        `wants ${name.slice(0, 60)} as ${JSON.stringify(range.slice(0, 60))}, which is not of the registry`,
      );
  return `${JSON.stringify({ name: 'candidate', private: true, dependencies: manifest.dependencies }, null, 2)}\n`;
}

function refused(why: string, cause?: unknown): ProofboxError {
  return new ProofboxError('host', `the source of Case ${why}`, {
    fix: 'name a commit whose dependencies are all registry versions',
    ...(cause === undefined ? {} : { cause }),
  });
}
