/** `proofbox keygen`: a new key pair for signing runs. Never overwrites a file. */

import { createPublicKey } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { type Algorithm, newKeyPair, signerOf } from '../attest/keys.ts';
import { ProofboxError } from '../errors.ts';
import { printJson, say } from './output.ts';

/** Writes the private key to `out`, readable by its owner alone, and the public one beside it with `.pub`. */
export async function keygen(options: { out: string; type: Algorithm; json?: boolean }): Promise<void> {
  const { privatePem, publicPem } = newKeyPair(options.type);
  const publicFile = `${options.out}.pub`;
  await create(options.out, privatePem, 0o600);
  await create(publicFile, publicPem, 0o644);
  const { keyid } = signerOf(createPublicKey(publicPem));
  if (options.json === true)
    printJson({ private_key: options.out, public_key: publicFile, algorithm: options.type, keyid });
  else say(`private key: ${options.out}\npublic key:  ${publicFile}\nkeyid:       ${keyid}`);
}

async function create(path: string, text: string, mode: number): Promise<void> {
  await writeFile(path, text, { flag: 'wx', mode }).catch((cause: NodeJS.ErrnoException) => {
    const why =
      cause.code === 'EEXIST' ? 'exists already' : `cannot be written (${cause.code ?? cause.message})`;
    throw new ProofboxError('usage', `${path} ${why}`, { fix: 'choose another name with --out', cause });
  });
}
