/** A nats-server with TLS and the rights of docs/fleet/nats-server.conf, as a fleet on several hosts has it. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { nkeys } from '@nats-io/transport-node';
import { PACKAGE_ROOT } from '../../src/package-root.ts';
import { freePort, type Site } from './site.ts';

export interface SecureServer {
  url: string;
  ca: string;
  /** files with the seeds of both kinds of users */
  seeds: Record<'worker' | 'batch', string>;
  /** what the command line needs to be one of them */
  as(who: 'worker' | 'batch'): string[];
}

/** A file of the site that nobody else can read. */
export function secret(site: Site, name: string, text: string | Uint8Array): string {
  const file = join(site.dir, name);
  writeFileSync(file, text, { mode: 0o600 });
  return file;
}

/**
 * Starts the one of a site; it listens on this address alone.
 * @param certified whom its certificate is for
 */
export async function secureServer(
  site: Site,
  address: string,
  certified = `IP:${address}`,
): Promise<SecureServer> {
  const { ca, cert, key } = certificates(site.dir, certified);
  const [workerKey, batchKey] = [nkeys.createUser(), nkeys.createUser()];
  const port = await freePort(address);
  const folder = join(site.dir, 'jetstream');
  mkdirSync(folder);
  const text = readFileSync(join(PACKAGE_ROOT, 'docs/fleet/nats-server.conf'), 'utf8')
    .replace('0.0.0.0:4222', `${address}:${port}`)
    .replace('/etc/proofbox/nats/server.pem', cert)
    .replace('/etc/proofbox/nats/server.key', key)
    .replace('/etc/proofbox/nats/ca.pem', ca)
    .replace('/var/lib/nats', folder)
    .replace('200GB', '1GB')
    .replace(/UWORKER_\w+/, workerKey.getPublicKey())
    .replace(/UBATCH_\w+/, batchKey.getPublicKey());
  await site.server(['-c', secret(site, 'nats.conf', text)], port);
  const seeds = {
    worker: secret(site, 'worker.seed', workerKey.getSeed()),
    batch: secret(site, 'batch.seed', batchKey.getSeed()),
  };
  return {
    url: `tls://${address}:${port}`,
    ca,
    seeds,
    as: (who) => ['--nats-nkey', seeds[who], '--nats-ca', ca],
  };
}

/** An authority, and a certificate of the server for one name or address. */
function certificates(dir: string, certified: string): { ca: string; cert: string; key: string } {
  const at = (name: string) => join(dir, name);
  const openssl = (words: string) => execFileSync('openssl', words.split(' '), { cwd: dir, stdio: 'pipe' });
  openssl('req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=proofbox-test -keyout ca.key -out ca.pem');
  openssl('req -newkey rsa:2048 -nodes -subj /CN=server -keyout server.key -out server.csr');
  writeFileSync(at('san'), `subjectAltName=${certified}\n`);
  openssl(
    'x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile san -out server.pem',
  );
  return { ca: at('ca.pem'), cert: at('server.pem'), key: at('server.key') };
}
