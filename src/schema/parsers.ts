/**
 * How zod reads: by its plain parsers. A run reads each of its documents a few times, and compiling a parser for each shape
 * costs ten times what it saves; a hundred thousand lines of one shape take as long either way. Imported before any shape.
 */
import * as z from 'zod';

z.config({ jitless: true });
