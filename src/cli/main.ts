#!/usr/bin/env node
/**
 * Starts the program: from its bundle, which scripts/bundle.mjs makes of these very modules and which loads in a
 * fraction of their time, or from the modules where there is no bundle or somebody looks for a defect.
 */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';

const bundle = `${import.meta.dirname}/../bundle/load.cjs`;
const debug = process.env.PROOFBOX_DEBUG === '1';
process.setSourceMapsEnabled(debug);
const { main } =
  existsSync(bundle) && !debug ? createRequire(import.meta.url)(bundle) : await import('./program.ts');
await main();
