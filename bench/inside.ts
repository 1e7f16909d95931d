/**
 * A program in the sandbox image with and without the recorder: the same container on tmpfs, timed from inside (neither
 * the start of a container nor the disk is part of the figure) and as a whole.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';

const RECORDER = '/usr/local/bin/proofbox-recorder';
const OWNER = 'uid=64100,gid=64100,size=2g';

export interface Setting {
  reference: string;
  argv: string[];
  /** processors of the container, such as 0; all where left out */
  cpus?: string;
  /** volumes for /workspace and /artifacts that outlive the container; a tmpfs of its own where left out */
  volumes?: { workspace: string; artifacts: string };
  /** seconds for which nobody reads what it writes, from the start on */
  deaf?: number;
}

/** How long it took, by itself and with its container, in seconds, and what it wrote to standard output. */
export interface Taken {
  inside: number;
  whole: number;
  output: string;
}

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

function cage({ cpus, volumes }: Setting): string[] {
  return [
    ...['run', '--rm', '--interactive', '--network', 'none', '--read-only', '--cap-drop', 'ALL'],
    ...['--security-opt', 'no-new-privileges', '--user', '64100:64100', '--log-driver', 'none'],
    ...(['workspace', 'artifacts'] as const).flatMap((name) =>
      volumes === undefined
        ? ['--tmpfs', `/${name}:${OWNER}`]
        : ['--volume', `${volumes[name]}:/${name}:nocopy`],
    ),
    ...['--workdir', '/workspace', '--env', 'HOME=/artifacts', '--env', 'TMPDIR=/artifacts'],
    ...(cpus === undefined ? [] : ['--cpuset-cpus', cpus]),
  ];
}

/** Without anything beside it. */
export function bare(setting: Setting): Promise<Taken> {
  const [program = '', ...rest] = setting.argv;
  return take(setting, ['--entrypoint', program, setting.reference, ...rest]);
}

/** Under strace, told to look at as little as the recorder does. */
export function traced(setting: Setting): Promise<Taken> {
  const watched = 'trace=%file,%desc,execve,execveat';
  return take(setting, [
    ...['--entrypoint', 'strace', setting.reference],
    ...['-f', '-qq', '--seccomp-bpf', '-e', watched, '-o', '/artifacts/trace', ...setting.argv],
  ]);
}

/** Under the recorder, which is told to start at once; the output is its frames. */
export function recorded(setting: Setting): Promise<Taken> {
  return take(setting, [
    ...['--entrypoint', RECORDER, setting.reference, '--nonce', 'bench', '--record', 'writes'],
    ...['--root', 'workspace=/workspace', '--root', 'artifacts=/artifacts', '--cwd', '/workspace'],
    ...['--', ...setting.argv],
  ]);
}

async function take(setting: Setting, rest: string[]): Promise<Taken> {
  const began = performance.now();
  const child = spawn('docker', [...cage(setting), ...rest], { stdio: ['pipe', 'pipe', 'inherit'] });
  const parts: Buffer[] = [];
  child.stdout.on('data', (part: Buffer) => parts.push(part));
  if (setting.deaf !== undefined) {
    child.stdout.pause();
    setTimeout(() => child.stdout.resume(), setting.deaf * 1000);
  }
  // Its standard input stays open until it ends: without a harness the recorder would stop.
  child.stdin.on('error', () => undefined);
  child.stdin.write('start\n');
  await once(child, 'close');
  const whole = (performance.now() - began) / 1000;
  const output = Buffer.concat(parts).toString('latin1');
  return { inside: Number(/seconds ([0-9.]+)/.exec(output)?.[1] ?? Number.NaN), whole, output };
}

/** The lines of the record in frames of the recorder, as they stand there. */
export function recordLines({ output }: Taken): string[] {
  const parts: string[] = [];
  for (let at = 0; at < output.length; ) {
    const length = Buffer.from(output.slice(at + 4, at + 8), 'latin1').readUInt32BE();
    if (output.slice(at, at + 2) !== 'pb')
      throw new Error(`no frame at ${at}: ${output.slice(at, at + 200)}`);
    if (output[at + 2] === 'W') parts.push(output.slice(at + 12, at + 12 + length));
    at += 12 + length;
  }
  return parts.join('').split('\n').slice(0, -1);
}
