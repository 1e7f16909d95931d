/**
 * How zod reads: by its plain parsers. A run reads each of its documents a few times, too few for a compiled parser to earn
 * what compiling it costs; lines of a record are checked without zod (quick.ts). Imported before any shape.
 */
import * as z from 'zod';

z.config({ jitless: true });
