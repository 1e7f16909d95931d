/** A scripted model provider on the loopback interface, which speaks both dialects. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Seen {
  method: string;
  url: string;
  headers: IncomingMessage['headers'];
  body: string;
}
export type Script = (seen: Seen, response: ServerResponse, number: number) => void;

export interface FakeProvider {
  url: string;
  seen: Seen[];
  close(): Promise<void>;
}

/** Starts a provider that answers each request as `script` says. */
export async function startProvider(script: Script): Promise<FakeProvider> {
  const seen: Seen[] = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const part of request) body += String(part);
    const one = { method: request.method ?? '', url: request.url ?? '', headers: request.headers, body };
    seen.push(one);
    script(one, response, seen.length);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

export const json =
  (value: unknown, status = 200): Script =>
  (_, response) => {
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(value));
  };

/** A streamed answer, one event a write; without an end where `cut`. */
export const stream =
  (events: string[], cut: 'whole' | 'closed' | 'torn' = 'whole'): Script =>
  async (_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    for (const event of events) {
      response.write(event);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    if (cut === 'torn') response.destroy();
    else response.end();
  };

export const chunk = (content: string, finish: string | null = null) =>
  `data: ${JSON.stringify({ choices: [{ delta: { content }, finish_reason: finish }] })}\n\n`;
export const DONE = 'data: [DONE]\n\n';
