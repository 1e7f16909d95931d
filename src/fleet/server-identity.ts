/** Whether a certificate is that of a server which the user named: by name, or by number. Pure. */
import { isIP } from 'node:net';
import { checkServerIdentity, type PeerCertificate } from 'node:tls';

/**
 * The client names no host for a server that is given by number, and Node then compares the certificate with "localhost":
 * the server's own certificate would be refused, and one of any localhost taken. Compares with the given numbers instead.
 */
export function identityCheck(
  servers: string[],
): (name: string, certificate: PeerCertificate) => Error | undefined {
  const hosts = servers.map((server) => server.slice(0, server.lastIndexOf(':')).replace(/^\[|\]$/g, ''));
  const unnamed = hosts.filter((host) => isIP(host) !== 0 || host === 'localhost');
  return (name, certificate) => {
    if (name !== 'localhost') return checkServerIdentity(name, certificate);
    // Which of them it is, nobody says here: each is one that the user trusts with the same runs.
    const problems = unnamed.map((host) => checkServerIdentity(host, certificate));
    return problems.includes(undefined)
      ? undefined
      : (problems[0] ?? new Error('the server is none that was named'));
  };
}
