/** `sbom.cdx.json`: what the image of a run is made of, in the standard's own form (CycloneDX 1.6). */
import * as z from './zod.ts';

const Property = z.looseObject({ name: z.string(), value: z.string() });

/** Names of the properties that are ours, in the document and in its components. */
export const SBOM_PROPERTIES = {
  nonce: 'proofbox:nonce',
  image: 'proofbox:image',
  locked: 'proofbox:locked',
} as const;

/**
 * The part of a CycloneDX 1.6 document that proofbox writes and reads; the standard's own JSON Schema holds for the
 * whole. Source of the format: https://cyclonedx.org/docs/1.6/json/
 */
export const Sbom = z
  .looseObject({
    bomFormat: z.literal('CycloneDX'),
    specVersion: z.literal('1.6'),
    metadata: z.looseObject({
      component: z
        .looseObject({ type: z.literal('container'), name: z.string(), version: z.string() })
        .describe('the image: name and tag, and its id as the version'),
      properties: z.array(Property).describe("the run's nonce and the image's id"),
    }),
    components: z.array(
      z.looseObject({
        type: z.string().describe('library, application or file'),
        name: z.string().describe('as its package manager calls it'),
        version: z.string().optional().describe('of the package'),
        purl: z.string().optional().describe('package URL'),
        scope: z.string().optional().describe('`excluded`: only the recorder was built with it'),
        properties: z
          .array(Property)
          .optional()
          .describe('whether its version is the one of images/packages.lock.json'),
      }),
    ),
  })
  .meta({ id: 'Sbom' });
export type Sbom = z.infer<typeof Sbom>;

/**
 * The document itself, with its keys in their own order.
 * @throws ZodError where it is none
 */
export function asSbom(document: unknown): Sbom {
  Sbom.parse(document);
  return document as Sbom;
}

/** The value of one of our properties of the whole document; null where it is missing or stands there twice. */
export function sbomProperty(sbom: Sbom, name: keyof typeof SBOM_PROPERTIES): string | null {
  const found = sbom.metadata.properties.filter((one) => one.name === SBOM_PROPERTIES[name]);
  return found.length === 1 ? (found[0]?.value ?? null) : null;
}
