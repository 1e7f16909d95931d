/** The published JSON Schemas, checked by a validator that is not ours. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { PACKAGE_ROOT } from '../../src/package-root.ts';

/** Validates against `schemas/<name>.schema.json`. */
export function validator(name: string): ValidateFunction {
  const ajv = new Ajv2020({ strict: false });
  formats.default(ajv);
  return ajv.compile(JSON.parse(readFileSync(join(PACKAGE_ROOT, 'schemas', `${name}.schema.json`), 'utf8')));
}
