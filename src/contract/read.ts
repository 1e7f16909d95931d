/** Reads the JSON documents a person writes (fixture, contract, config). Never follows a link or reads a device. */
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { ProofboxError } from '../errors.ts';
import type * as z from '../schema/zod.ts';

/** A document larger than this is a mistake, not a document. */
const MAX_BYTES = 1 << 20;

/**
 * Reads and validates one JSON document.
 * @param path the file
 * @param what its name in messages, such as "fixture"
 * @param maxBytes a larger file is refused
 * @throws ProofboxError `invalid_input` that names the file, the place in it and the fix
 */
export async function readDocument<S extends z.ZodType>(
  path: string,
  what: string,
  schema: S,
  maxBytes = MAX_BYTES,
): Promise<z.infer<S>> {
  const text = await readBounded(path, what, maxBytes);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new ProofboxError('invalid_input', `${what} ${path} is not JSON: ${(cause as Error).message}`, {
      fix: 'mend the file; a JSON editor shows the place',
      cause,
    });
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = firstIssue(parsed.error);
  throw new ProofboxError('invalid_input', `${what} ${path}: ${issue}`, {
    fix: `correct that key; docs/fixtures.md lists every key of a ${what}`,
    cause: parsed.error,
  });
}

/** The first problem of a zod error as `place: message`, with unknown keys named. */
export function firstIssue(error: z.ZodError): string {
  let issue = error.issues[0];
  while (issue?.code === 'invalid_union' && issue.errors[0]?.[0] !== undefined) {
    const inner: z.core.$ZodIssue = issue.errors[0][0];
    issue = { ...inner, path: [...issue.path, ...inner.path] };
  }
  if (issue === undefined) return 'is not valid';
  const place = issue.path.map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`)).join('');
  return `${place === '' ? 'the document' : place.replace(/^\./, '')}: ${issue.message}`;
}

export async function readBounded(path: string, what: string, maxBytes: number): Promise<string> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(
    (cause) => {
      throw unreadable(path, what, cause);
    },
  );
  try {
    const stat = await file.stat();
    if (!stat.isFile()) {
      throw new ProofboxError('invalid_input', `${what} ${path} is not a regular file`, {
        fix: 'name a regular file',
      });
    }
    if (stat.size > maxBytes) {
      throw new ProofboxError(
        'invalid_input',
        `${what} ${path} has ${stat.size} bytes, more than the ${maxBytes} allowed`,
        {
          fix: 'make it smaller; large inputs belong in the workspace',
        },
      );
    }
    const bytes = await file.readFile();
    try {
      return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    } catch (cause) {
      throw new ProofboxError('invalid_input', `${what} ${path} is not UTF-8`, {
        fix: 'save it as UTF-8',
        cause,
      });
    }
  } finally {
    await file.close();
  }
}

function unreadable(path: string, what: string, cause: NodeJS.ErrnoException): ProofboxError {
  const why =
    cause.code === 'ENOENT'
      ? 'does not exist'
      : cause.code === 'ELOOP'
        ? 'is a symbolic link'
        : `cannot be read (${cause.code ?? cause.message})`;
  return new ProofboxError('invalid_input', `${what} ${path} ${why}`, {
    fix:
      cause.code === 'ELOOP'
        ? 'name the file itself, not a link to it'
        : 'check the path and its permissions',
    cause,
  });
}
