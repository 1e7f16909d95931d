/** Reads `--provider`: none, a base address, record:FILE=ADDRESS, replay:FILE or scripted. */
import { lstat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { ProofboxError } from '../errors.ts';
import type { FakeStep } from '../schema/fixture.ts';
import type { ProviderMode } from '../schema/provider.ts';
import type { Source } from './source.ts';

/** The one variable that holds a key. It is read once, and no child of the harness inherits it. */
export const KEY_VARIABLE = 'PROOFBOX_PROVIDER_KEY';

export interface Provider {
  mode: Exclude<ProviderMode, 'none'>;
  /** scheme, host and path of the provider; null where there is none outside */
  endpoint: string | null;
  source: Source;
  secret: string | null;
}

/**
 * @param environment loses the key, so that no program started later inherits it
 * @param script what the scripted model plays
 * @returns null for `none`
 * @throws ProofboxError `usage` for anything else that is not one of the forms
 */
export async function readProvider(
  text: string,
  environment: NodeJS.ProcessEnv,
  script: FakeStep[] = [],
): Promise<Provider | null> {
  const secret = takeKey(environment);
  // Most runs have none.
  if (text === 'none') return null;
  if (text === 'scripted') return (await import('./scripted.ts')).scriptedProvider(script);
  if (secret !== null && secret.length < 8)
    throw usage(`${KEY_VARIABLE} is too short to be a key`, 'unset it, or give the whole key');
  const { liveSource, readCassette, recordingSource, replayingSource } = await import('./source.ts');
  if (text.startsWith('replay:')) {
    const exchanges = await readCassette(resolve(text.slice('replay:'.length)));
    return { mode: 'replay', endpoint: null, source: replayingSource(exchanges), secret };
  }
  const recording = /^record:(.+?)=(https?:.+)$/s.exec(text);
  if (recording !== null) {
    const [, file = '', address = ''] = recording;
    const base = baseOf(address);
    const path = resolve(file);
    if ((await lstat(path).catch(() => null)) !== null)
      throw usage(`the cassette ${path} exists already`, 'name a file that does not exist yet');
    return { mode: 'record', endpoint: base.href, source: recordingSource(base, secret, path), secret };
  }
  const base = baseOf(text);
  return { mode: 'live', endpoint: base.href, source: liveSource(base, secret), secret };
}

/** Every run of a batch needs it, and only the first one finds it in the environment. */
const taken = new WeakMap<NodeJS.ProcessEnv, string>();

function takeKey(environment: NodeJS.ProcessEnv): string | null {
  // A key read from a file often brings its line end along, which no header may hold.
  const found = environment[KEY_VARIABLE]?.trim();
  delete environment[KEY_VARIABLE];
  if (found) taken.set(environment, found);
  return taken.get(environment) ?? null;
}

/** What stands before `/v1`, with a final slash. */
function baseOf(text: string): URL {
  const base = URL.canParse(text) ? new URL(text) : null;
  if (base === null || !/^https?:$/.test(base.protocol))
    throw usage(
      `--provider ${text} is no address`,
      'give none, https://HOST, record:FILE=https://HOST, replay:FILE or scripted',
    );
  if (base.username !== '' || base.password !== '' || base.search !== '' || base.hash !== '')
    throw usage(
      'the address of --provider holds a name, password, query or fragment',
      `give the key in ${KEY_VARIABLE}`,
    );
  base.pathname = `${base.pathname.replace(/\/+$/, '').replace(/\/v1$/, '')}/`;
  return base;
}

function usage(message: string, fix: string): ProofboxError {
  return new ProofboxError('usage', message, { fix });
}
