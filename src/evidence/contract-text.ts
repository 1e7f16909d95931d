/** The one text of a contract: in inputs/ for the engine, in the bundle for the reviewer, and under its digest. */

import type { Contract } from '../schema/contract.ts';
import { jsonDocument } from './json.ts';

/** The exact bytes of contract.json, as a string. */
export function contractText(contract: Contract): string {
  return jsonDocument(contract);
}
