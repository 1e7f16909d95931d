/** The bill of materials of a run's image, as it stands in the bundle. */
import { SBOM_PROPERTIES, type Sbom } from '../schema/sbom.ts';
import { jsonDocument } from './json.ts';

/** `sbom.cdx.json` of one run. */
export function billText(bill: Sbom, nonce: string): string {
  const properties = [{ name: SBOM_PROPERTIES.nonce, value: nonce }, ...bill.metadata.properties];
  return jsonDocument({ ...bill, metadata: { ...bill.metadata, properties } });
}
