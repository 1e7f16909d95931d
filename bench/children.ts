/** Programs that go on while something is measured. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

/** Its standard error is for whoever reads it. */
function start(program: string, args: string[], cwd = process.cwd()): ChildProcess {
  return spawn(program, args, { cwd, stdio: ['ignore', 'ignore', 'pipe'] });
}

/** @throws Error with what was said instead, where it ends before it says these words */
async function said(child: ChildProcess, words: string): Promise<void> {
  let text = '';
  await new Promise<void>((done, fail) => {
    child.stderr?.on('data', (part) => {
      text += part;
      if (text.includes(words)) done();
    });
    child.once('exit', () => fail(new Error(`it ended before it said ${words}:\n${text}`)));
  });
}

/** A server of our own that answers; `folder` is for what it stores. End it with `end`. */
export async function startNats(port: number, folder: string): Promise<ChildProcess> {
  const server = start('nats-server', ['-a', '127.0.0.1', '-p', String(port), '-js', '-sd', folder]);
  await said(server, 'Server is ready');
  return server;
}

/** Tells it to stop and waits until it has; nothing to do where it is over. */
export async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const over = once(child, 'exit');
  child.kill('SIGTERM');
  await over;
}
