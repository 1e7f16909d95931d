/**
 * zod as this program uses it: with its plain parsers. A run reads each of its documents a few times, too few for a
 * compiled parser to earn what compiling it costs; lines of a record are checked without zod (quick.ts). A shape decides
 * when it is made, so nobody imports zod itself: in a bundle of several files an order of imports is nothing to rely on.
 */
// biome-ignore lint/style/noRestrictedImports: this is the place.
import * as z from 'zod';

z.config({ jitless: true });

// Name by name, and not as one object: a bundle then leaves out what nobody asks for.
// biome-ignore lint/style/noRestrictedImports: this is the place.
export * from 'zod';
