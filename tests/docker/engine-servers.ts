/** Sockets that behave like an engine, a broken one, a silent one and none at all. */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Fakes {
  folder: string;
  /** Listens on a new socket in the folder and returns its path. */
  listen(name: string, answer: RequestListener): Promise<string>;
  close(): Promise<void>;
}

/** A temporary folder with servers in it. */
export function fakes(): Fakes {
  const folder = mkdtempSync(join(tmpdir(), 'proofbox-engines-'));
  const servers: Server[] = [];
  return {
    folder,
    async listen(name, answer) {
      const server = createServer(answer);
      servers.push(server);
      const path = join(folder, name);
      await new Promise<void>((resolve) => server.listen(path, resolve));
      return path;
    },
    async close() {
      for (const server of servers) {
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
      }
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Answers a ping as Docker does. */
export const answersOk: RequestListener = (_, response) => response.end('OK');
/** Answers nothing, ever. */
export const hangs: RequestListener = () => undefined;
/** Answers that it is broken. */
export const answers500: RequestListener = (_, response) => {
  response.statusCode = 500;
  response.end('{"message":"broken"}');
};
