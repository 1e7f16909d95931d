/** Where this package lies on disk: everything it ships stands under this folder. */
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder that holds package.json, images/ and fixtures/. */
export const PACKAGE_ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
