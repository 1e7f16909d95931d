/**
 * A program in the sandbox image with and without the recorder: the same container, on tmpfs, timed from inside, so that
 * neither the start of a container nor the disk is part of the figure.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { execa } from 'execa';

const RECORDER = '/usr/local/bin/proofbox-recorder';

/** Python whose `work` is timed; it prints nothing but its seconds. */
export function timedScript(prepare: string, work: string): string {
  return `
import os, subprocess, sys, time, io, tarfile
${prepare}
began = time.perf_counter()
${work}
print('seconds', time.perf_counter() - began, flush=True)
`;
}

const CAGE = [
  ...['run', '--rm', '--interactive', '--network', 'none', '--read-only', '--cap-drop', 'ALL'],
  ...['--security-opt', 'no-new-privileges', '--user', '64100:64100', '--log-driver', 'none'],
  ...[
    '--tmpfs',
    '/workspace:uid=64100,gid=64100,size=2g',
    '--tmpfs',
    '/artifacts:uid=64100,gid=64100,size=2g',
    '--workdir',
    '/workspace',
  ],
  ...['--env', 'HOME=/artifacts', '--env', 'TMPDIR=/artifacts'],
];

/** Without anything beside it. */
export async function bare(reference: string, script: string): Promise<number> {
  return secondsIn(await execa('docker', [...CAGE, '--entrypoint', 'python3', reference, '-c', script]));
}

/** Under strace, told to look at as little as the recorder does. */
export async function traced(reference: string, script: string): Promise<number> {
  const watched = 'trace=%file,%desc,execve,execveat';
  return secondsIn(
    await execa('docker', [
      ...[...CAGE, '--entrypoint', 'strace', reference],
      ...['-f', '-qq', '--seccomp-bpf', '-e', watched, '-o', '/artifacts/trace', 'python3', '-c', script],
    ]),
  );
}

/** Under the recorder, which is told to start at once and whose frames are read as fast as they come. */
export async function recorded(
  reference: string,
  script: string,
  record: 'writes' | 'reads' = 'writes',
): Promise<{ seconds: number; frames: string }> {
  const child = spawn(
    'docker',
    [
      ...[...CAGE, '--entrypoint', RECORDER, reference, '--nonce', 'bench', '--record', record],
      ...['--root', 'workspace=/workspace', '--root', 'artifacts=/artifacts', '--cwd', '/workspace'],
      ...['--', 'python3', '-c', script],
    ],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  );
  const parts: Buffer[] = [];
  child.stdout.on('data', (part: Buffer) => parts.push(part));
  // Its standard input stays open until it ends: without a harness it would stop.
  child.stdin.write('start\n');
  await once(child, 'close');
  const frames = Buffer.concat(parts).toString('latin1');
  return { seconds: secondsIn({ stdout: frames }), frames };
}

function secondsIn({ stdout }: { stdout: string }): number {
  const seconds = Number(/seconds ([0-9.]+)/.exec(stdout)?.[1]);
  if (!Number.isFinite(seconds)) throw new Error(`it did not say how long it took: ${stdout.slice(-500)}`);
  return seconds;
}
