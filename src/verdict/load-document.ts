/** Reads one JSON document, or says why it could not be read. */
import { readFile } from 'node:fs/promises';
import type { Loaded } from '../proofs/evidence.ts';
import type { LineSchema } from '../schema/quick.ts';

/** The document at `path`, checked. Never throws. */
export async function loadDocument<T>(path: string, schema: LineSchema<T>): Promise<Loaded<T>> {
  try {
    const parsed = schema.safeParse(JSON.parse(await readFile(path, 'utf8')));
    if (parsed.success) return { value: parsed.data };
    const issue = parsed.error.issues[0];
    return {
      problem: `breaks its schema at ${issue?.path.join('.') || 'its top'}: ${issue?.message ?? 'not valid'}`,
    };
  } catch (error) {
    return { problem: reason(error) };
  }
}

/** Why something could not be read, in the words of a proof. */
export function reason(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT') return 'missing';
  return error instanceof SyntaxError ? 'does not parse' : message;
}
