/** Signing keys: PEM files, ed25519 or ECDSA on P-256. */
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
} from 'node:crypto';
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { ProofboxError } from '../errors.ts';
import type { Signer } from '../schema/run.ts';

export type Algorithm = Signer['algorithm'];

export interface SigningKey {
  key: KeyObject;
  signer: Signer;
}

/** No key is that large. */
const MAX_BYTES = 64 << 10;

/** A new key pair, both as PEM: PKCS #8 and SubjectPublicKeyInfo. */
export function newKeyPair(algorithm: Algorithm): { privatePem: string; publicPem: string } {
  const { privateKey, publicKey } =
    algorithm === 'ed25519'
      ? generateKeyPairSync('ed25519')
      : generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  return {
    privatePem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    publicPem: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  };
}

/**
 * Reads a private key.
 * @throws ProofboxError `usage` where the file is missing, open to others, or no key of a kind that is used here
 */
export async function readSigningKey(path: string): Promise<SigningKey> {
  const { text, mode } = await readKeyFile(path, 'signing key');
  if ((mode & 0o077) !== 0)
    throw new ProofboxError('usage', `the signing key ${path} can be read by others`, {
      fix: `chmod 600 ${path}, or make a new one with proofbox keygen`,
    });
  try {
    const key = createPrivateKey(text);
    return { key, signer: signerOf(createPublicKey(key)) };
  } catch (cause) {
    throw noKey(path, 'private key', cause);
  }
}

/**
 * Reads a public key.
 * @throws ProofboxError `usage` likewise
 */
export async function readPublicKey(path: string): Promise<Signer> {
  const { text } = await readKeyFile(path, 'public key');
  try {
    return signerOf(createPublicKey(text));
  } catch (cause) {
    throw noKey(path, 'public key', cause);
  }
}

/** @throws Error where the key is of another kind */
export function signerOf(key: KeyObject): Signer {
  const der = key.export({ type: 'spki', format: 'der' });
  return {
    keyid: createHash('sha256').update(der).digest('hex'),
    algorithm: algorithmOf(key),
    public_key: key.export({ type: 'spki', format: 'pem' }).toString(),
  };
}

function algorithmOf(key: KeyObject): Algorithm {
  if (key.asymmetricKeyType === 'ed25519') return 'ed25519';
  if (key.asymmetricKeyType === 'ec' && key.asymmetricKeyDetails?.namedCurve === 'prime256v1')
    return 'ecdsa-p256';
  throw new Error(`a key of kind ${key.asymmetricKeyType} is not used here`);
}

async function readKeyFile(path: string, what: string): Promise<{ text: string; mode: number }> {
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch(
    (cause: NodeJS.ErrnoException) => {
      throw new ProofboxError(
        'usage',
        `the ${what} ${path} cannot be read (${cause.code ?? cause.message})`,
        {
          fix: 'check the path, or make a pair with proofbox keygen',
          cause,
        },
      );
    },
  );
  try {
    const stat = await file.stat();
    if (!stat.isFile() || stat.size > MAX_BYTES) throw noKey(path, what);
    return { text: await file.readFile('utf8'), mode: stat.mode };
  } finally {
    await file.close();
  }
}

function noKey(path: string, what: string, cause?: unknown): ProofboxError {
  return new ProofboxError('usage', `${path} is no ${what} (ed25519 or ECDSA P-256, PEM)`, {
    fix: 'make a pair with proofbox keygen',
    ...(cause === undefined ? {} : { cause }),
  });
}
