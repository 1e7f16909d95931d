/** Where the program finds the fixtures it ships. */
import { join } from 'node:path';
import { PACKAGE_ROOT } from '../package-root.ts';

export const FIXTURES_DIR = join(PACKAGE_ROOT, 'fixtures');
