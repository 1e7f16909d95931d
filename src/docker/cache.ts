/** The folder for what can be fetched or made again. */
import { join } from 'node:path';
import { PACKAGE_ROOT } from '../package-root.ts';

/** Where builds keep what they fetched and their logs; ignored by git. */
export function cacheDir(): string {
  return process.env.PROOFBOX_CACHE || join(PACKAGE_ROOT, '.cache');
}
