/**
 * One container's whole life: create, inspect and attach, start, listen, stop, inspect, remove.
 * The only place in the project that starts a container. It judges nothing: it reports what was.
 */
import type { Duplex } from 'node:stream';
import type Docker from 'dockerode';
import type { CageExit, CageRecord } from '../schema/cage.ts';
import { End, Hello } from '../schema/recorder.ts';
import { type Frame, FrameReader, StreamProblem } from './frames.ts';
import { removeContainer } from './remove-container.ts';
import { type CageBody, type CageRequest, cageSpec } from './spec.ts';

export type StopReason = NonNullable<CageExit['stop_reason']>;

/** Where a cage's streams go. Each call may wait: the engine is slowed with it, nothing is dropped. */
export interface CageSinks {
  writes(lines: Buffer): Promise<void> | void;
  programs(lines: Buffer): Promise<void> | void;
  stdout(bytes: Buffer): Promise<void> | void;
  stderr(bytes: Buffer): Promise<void> | void;
}

export interface CageOptions {
  sinks: CageSinks;
  /** wall clock from the engine's start, milliseconds */
  timeoutMs: number;
  /** paths that `--record reads` looks for; they travel over standard input, never in the arguments */
  forbiddenPaths: string[];
  /** called when PID 1 has said what it sees and before the engine starts; a sentence keeps it from starting */
  admit(seen: Hello, inspect: Docker.ContainerInspectInfo, requested: CageBody): Promise<string | null>;
  /**
   * Where it is given, the program starts only when it resolves to true: until then the cage stands ready with nothing
   * but the recorder in it. False gives the cage up unused.
   */
  turn?: Promise<boolean>;
  /** called once, when the container engine has been asked to start it and there is nothing to do but wait */
  meanwhile?(): void;
  /** asked again and again while the engine runs; a reason ends it */
  watchLimits?(): Promise<StopReason | null>;
  /** ends the cage with reason `interrupted` */
  signal: AbortSignal;
  imageConfig: unknown;
}

/** How long a stopped cage may take to account for itself before it is killed. */
const STOP_GRACE_MS = 5_000;
/** How long stream and container may end apart: a host with fifty runs on two processors needs many seconds for either. */
const END_GRACE_MS = 30_000;
/** How long PID 1 may take to say what it sees. */
const HELLO_LIMIT_MS = 30_000;
const LIMIT_INTERVAL_MS = 250;

/** A cage whose container runs no more. */
export interface EndedCage {
  /** its life but for the end of the container itself: `removed` is not known yet */
  cage: CageRecord;
  /** the whole record, once the container is removed or stays for good. Never rejects */
  whole: Promise<CageRecord>;
}

/** A cage that was made early and is not wanted any more. */
export class NotWanted extends Error {}

/**
 * Runs one cage from creation to its end, and begins its removal.
 * @returns when no process of it is left, whatever way it ended once the container existed
 * @throws the container engine's error where the container could not be created, attached or started, NotWanted where
 *   its turn never came; a container that was created is removed before
 */
export async function runCage(
  docker: Docker,
  request: CageRequest,
  options: CageOptions,
): Promise<EndedCage> {
  options.signal.throwIfAborted();
  const body = cageSpec(request);
  const createdAt = new Date().toISOString();
  const container = await docker.createContainer(body);
  try {
    const [inspectCreated, stream] = await Promise.all([
      container.inspect(),
      container.attach({ stream: true, stdin: true, stdout: true, stderr: true, hijack: true }),
    ]);
    const life = new CageLife(container, request, options, body, inspectCreated);
    await life.run(stream);
    const inspectExited = await container.inspect().catch(() => null);
    // One that stays is a fact of the record, and its proof fails; what the cage left is kept all the same.
    const removal = removeContainer(docker, container.id).then(
      () => true,
      () => false,
    );
    const record = (removed: boolean) => life.record({ createdAt, inspectExited, removed });
    // A namespace is empty when its PID 1 is gone. Where the engine does not say so, only the removal does.
    if (inspectExited?.State.Running !== false || inspectExited.State.Pid !== 0) await removal;
    return { cage: record(false), whole: removal.then(record) };
  } catch (error) {
    await removeContainer(docker, container.id).catch(() => undefined);
    throw error;
  }
}

/** The moving parts of a running cage. */
class CageLife {
  #reader = new FrameReader();
  #stdin: NodeJS.ReadWriteStream | null = null;
  #seen: Hello | null = null;
  #end: End | null = null;
  #problem: string | null = null;
  #stopReason: StopReason | null = null;
  #chunks = 0;
  #counts = { records: 0, programs: 0, stdout: 0, stderr: 0 };
  #startedAt: string | null = null;
  #begunAt: string | null = null;
  #wake: () => void = () => undefined;
  #finishedAt: string | null = null;
  #timers = new Set<NodeJS.Timeout>();
  #over = false;
  #exitCode: number | null = null;

  constructor(
    private readonly container: Docker.Container,
    private readonly request: CageRequest,
    private readonly options: CageOptions,
    private readonly body: CageBody,
    private readonly inspectCreated: Docker.ContainerInspectInfo,
  ) {}

  async run(stream: NodeJS.ReadWriteStream): Promise<void> {
    this.#stdin = stream;
    stream.on('error', () => undefined);
    const waited = this.container.wait({ condition: 'next-exit' }).catch(() => null);
    const onAbort = () => this.#stop('interrupted');
    this.options.signal.addEventListener('abort', onAbort, { once: true });
    try {
      const started = this.container.start();
      // Not before the request is on its way.
      setImmediate(() => this.options.meanwhile?.());
      await started;
      this.#startedAt = new Date().toISOString();
      this.#after(HELLO_LIMIT_MS, () => this.#seen === null && this.#stop('failure'));
      if (this.options.signal.aborted) onAbort();
      // Without an answer the engine is gone, and nothing more is to be expected of it.
      void waited.then((end) => this.#endWith(stream, end === null ? STOP_GRACE_MS : END_GRACE_MS));
      await this.#listen(stream);
      const status = await this.#settle(waited);
      this.#exitCode = status;
      this.#finishedAt = new Date().toISOString();
    } finally {
      this.#over = true;
      for (const timer of this.#timers) clearTimeout(timer);
      this.options.signal.removeEventListener('abort', onAbort);
      (stream as unknown as Duplex).destroy();
    }
  }

  record(rest: {
    createdAt: string;
    inspectExited: Docker.ContainerInspectInfo | null;
    removed: boolean;
  }): CageRecord {
    const state = rest.inspectExited?.State;
    return {
      role: this.request.role,
      container_id: this.container.id,
      image: { reference: this.request.image.reference, digest: this.request.image.digest },
      requested: { ...this.body },
      inspect_created: this.inspectCreated,
      inspect_exited: rest.inspectExited,
      image_config: this.options.imageConfig,
      seen: this.#seen,
      end: this.#end,
      exit: {
        ended_by: this.#end === null ? 'lost' : this.#stopReason === null ? 'engine_exit' : 'stopped',
        stop_reason: this.#stopReason,
        exit_code: this.#end?.exit_code ?? null,
        signal: this.#end?.signal ?? null,
        container_exit_code: this.#exitCode ?? state?.ExitCode ?? null,
        oom_killed: state?.OOMKilled ?? false,
        oom_kills: this.#end?.oom_kills ?? null,
      },
      created_at: rest.createdAt,
      started_at: this.#startedAt,
      begun_at: this.#begunAt,
      finished_at: this.#finishedAt,
      removed: rest.removed,
      stream: {
        complete: this.#streamProblem === null,
        problem: this.#streamProblem,
        records: this.#counts.records,
        programs: this.#counts.programs,
        stdout_bytes: this.#counts.stdout,
        stderr_bytes: this.#counts.stderr,
        recorder_stderr: this.#reader.recorderStderr,
      },
    };
  }

  /** What broke the stream, or is missing at its end; null where it is whole. */
  get #streamProblem(): string | null {
    return this.#problem ?? this.#reader.problemAtEnd();
  }

  async #listen(stream: NodeJS.ReadableStream): Promise<void> {
    try {
      for await (const chunk of stream) {
        this.#chunks += 1;
        for (const frame of this.#reader.push(chunk as Buffer)) await this.#take(frame);
      }
    } catch (error) {
      if (error instanceof NotWanted) throw error;
      this.#problem =
        error instanceof StreamProblem ? error.message : `the stream broke: ${(error as Error).message}`;
      await this.#kill();
    }
  }

  /** A container that is over says nothing new: a stream that neither speaks nor ends is given up. */
  #endWith(stream: NodeJS.ReadableStream, graceMs: number): void {
    const heard = this.#chunks;
    this.#after(graceMs, () => {
      if (this.#chunks !== heard) this.#endWith(stream, graceMs);
      else (stream as unknown as Duplex).destroy(new Error('it did not end with its container'));
    });
  }

  async #take(frame: Frame): Promise<void> {
    const { sinks } = this.options;
    switch (frame.type) {
      case 'H':
        return this.#admit(frame.payload);
      case 'W':
        this.#counts.records += countLines(frame.payload);
        return sinks.writes(frame.payload);
      case 'P':
        this.#counts.programs += countLines(frame.payload);
        return sinks.programs(frame.payload);
      case 'O':
        return this.#output('stdout', frame.payload);
      case 'E':
        return this.#output('stderr', frame.payload);
      case 'Z':
        this.#end = parseFrame(End, frame.payload, 'last frame');
    }
  }

  /** Keeps output up to the limit; the byte that passes it ends the engine. */
  async #output(stream: 'stdout' | 'stderr', bytes: Buffer): Promise<void> {
    const room = this.request.limits.output_bytes - this.#counts.stdout - this.#counts.stderr;
    this.#counts[stream] += bytes.length;
    if (room > 0) await this.options.sinks[stream](bytes.subarray(0, room));
    if (bytes.length > room) this.#stop('output_limit');
  }

  /** The engine starts here, or never. */
  async #admit(payload: Buffer): Promise<void> {
    if (this.#seen !== null) throw new StreamProblem('a second first frame');
    const seen = parseFrame(Hello, payload, 'first frame');
    this.#seen = seen;
    if (this.#stopReason !== null) return;
    if ((await this.options.admit(seen, this.inspectCreated, this.body)) !== null) {
      this.#stop('cage_mismatch');
      return;
    }
    await this.#awaitTurn();
    if (this.#stopReason !== null) return;
    const forbidden = this.options.forbiddenPaths.map((path) => `forbid ${encodeURIComponent(path)}\n`);
    this.#begunAt = new Date().toISOString();
    this.#say(`${forbidden.join('')}start\n`);
    this.#after(this.options.timeoutMs, () => this.#stop('timeout'));
    // At once there is nothing but what was digested before.
    this.#after(LIMIT_INTERVAL_MS, () => this.#pollLimits());
  }

  /** Over when the turn has come, or something stopped the cage before. */
  async #awaitTurn(): Promise<void> {
    const { turn } = this.options;
    if (turn === undefined) return;
    const stopped = new Promise<true>((resolve) => {
      this.#wake = () => resolve(true);
    });
    if (!(await Promise.race([turn, stopped]))) throw new NotWanted('the cage was not needed');
  }

  #pollLimits(): void {
    const { watchLimits } = this.options;
    if (watchLimits === undefined) return;
    const began = performance.now();
    const next = () =>
      this.#after(Math.max(LIMIT_INTERVAL_MS, 4 * (performance.now() - began)), () => this.#pollLimits());
    watchLimits().then(
      (reason) => {
        if (this.#over) return;
        if (reason === null) next();
        else this.#stop(reason);
      },
      () => !this.#over && this.#stop('failure'),
    );
  }

  /** Asks PID 1 to end everything and account for it; kills the container when it does not. */
  #stop(reason: StopReason): void {
    if (this.#stopReason !== null || this.#over) return;
    this.#stopReason = reason;
    this.#wake();
    // Before it was told to start, the recorder takes the end of its input for a no.
    if (this.#begunAt === null) this.#stdin?.end();
    else this.#say(`stop ${reason}\n`);
    this.#after(STOP_GRACE_MS, () => void this.#kill());
  }

  /** The stream is over; the container must be too, or is made to be. */
  async #settle(waited: Promise<{ StatusCode: number } | null>): Promise<number | null> {
    const graceMs = this.#streamProblem === null ? END_GRACE_MS : STOP_GRACE_MS;
    const late = new Promise<'late'>((resolve) => this.#after(graceMs, () => resolve('late')));
    const first = await Promise.race([waited, late]);
    if (first !== 'late') return first?.StatusCode ?? null;
    await this.#kill();
    const second = await Promise.race([
      waited,
      new Promise<null>((resolve) => this.#after(STOP_GRACE_MS, () => resolve(null))),
    ]);
    return second?.StatusCode ?? null;
  }

  async #kill(): Promise<void> {
    await this.container.kill({ signal: 'SIGKILL' }).catch(() => undefined);
  }

  #say(text: string): void {
    this.#stdin?.write(text);
  }

  #after(ms: number, act: () => unknown): void {
    if (this.#over) return;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      act();
    }, ms);
    this.#timers.add(timer);
  }
}

function countLines(payload: Buffer): number {
  let lines = 0;
  for (let at = payload.indexOf(10); at !== -1; at = payload.indexOf(10, at + 1)) lines += 1;
  return lines;
}

function parseFrame<T>(
  schema: { safeParse(value: unknown): { success: boolean; data?: T } },
  payload: Buffer,
  what: string,
): T {
  let value: unknown;
  try {
    value = JSON.parse(payload.toString('utf8'));
  } catch {
    throw new StreamProblem(`the ${what} is not JSON`);
  }
  const parsed = schema.safeParse(value);
  if (!parsed.success || parsed.data === undefined) throw new StreamProblem(`the ${what} breaks its schema`);
  return parsed.data;
}
