/** What every validator needs before it can make a run: an engine that answers, an image, a runs folder, a way to stop. */
import { resolve } from 'node:path';
import { loadConfig } from '../contract/config.ts';
import { type AskedEngine, askEngine } from '../docker/ask.ts';
import { withBill } from '../docker/bill-of-materials.ts';
import { sandboxImage } from '../docker/images.ts';
import { requireHost } from '../docker/requirements.ts';
import { EXIT } from '../errors.ts';
import { SILENT } from '../lane/progress.ts';
import type { Config } from '../schema/config.ts';
import type { SharedRequest } from '../validation/play.ts';
import { withSignals } from './signals.ts';

export type CageHost = Pick<SharedRequest, 'docker' | 'versions' | 'image' | 'idShift'>;

/**
 * The container engine, what is below it, and the sandbox image.
 * @param asked where the engine has been asked already
 * @throws ProofboxError `host` where this host cannot make a cage
 */
export async function cageHost(
  runtime: string | undefined,
  asked: Promise<AskedEngine> = askEngine(),
): Promise<CageHost> {
  const { docker, facts } = await asked;
  const { versions } = facts;
  const found = sandboxImage(docker, versions.architecture).then((image) => withBill(docker, image));
  found.catch(() => undefined);
  // A host that cannot do it at all is worth saying before an image that is missing.
  const idShift = await requireHost(facts, runtime);
  const image = await found;
  return { docker, versions, image, idShift };
}

export interface SharedOptions {
  runtime?: string;
  json?: boolean;
}

/**
 * Gives `act` what its runs share. Sets exit code 130 where it was interrupted, whatever `act` set.
 * @throws ProofboxError where this host cannot make a cage, and what `act` throws
 */
export async function withShared(
  options: SharedOptions,
  act: (shared: SharedRequest, config: Config) => Promise<void>,
): Promise<void> {
  const config = await loadConfig(process.cwd());
  const host = await cageHost(options.runtime);
  await withSignals(async (signal) => {
    const shared: SharedRequest = {
      ...host,
      runsDir: resolve(config.runs_dir ?? 'runs'),
      runtime: options.runtime,
      progress: SILENT,
      signal,
      withoutAdmission: false,
    };
    try {
      await act(shared, config);
    } finally {
      if (signal.aborted) process.exitCode = EXIT.interrupted;
    }
  });
}
