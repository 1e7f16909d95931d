/** A part of this machine's processors, for a host that stands for one of its own. Needs the cpu controller of cgroup v1. */
import { existsSync, mkdirSync, readdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const CGROUPS = '/sys/fs/cgroup';
/** Short, so that a host waits often and briefly, as on a slow processor. */
const PERIOD_US = 10_000;

export class Share {
  readonly #folder: string;

  /** @param processors how many of this machine's, such as 0.5 */
  constructor(
    readonly name: string,
    readonly processors: number,
  ) {
    this.#folder = join(CGROUPS, 'cpu', name);
  }

  /** @throws Error where this machine has no such controller */
  start(): void {
    if (!existsSync(join(CGROUPS, 'cpu/cpu.cfs_quota_us')))
      throw new Error(
        'this machine shares no processors out (root and the cpu controller of cgroup v1 are needed)',
      );
    mkdirSync(this.#folder);
    writeFileSync(join(this.#folder, 'cpu.cfs_period_us'), String(PERIOD_US));
    writeFileSync(join(this.#folder, 'cpu.cfs_quota_us'), String(Math.round(this.processors * PERIOD_US)));
  }

  /** Stands before a program that shall have this share, with all that it starts. */
  get command(): string[] {
    return ['sh', '-c', `echo $$ >${this.#folder}/cgroup.procs && exec "$@"`, 'sh'];
  }

  /** What containers are to be made in, as dockerd takes it. */
  get parent(): string {
    return `/${this.name}`;
  }

  /** Everything in it must have ended. */
  async remove(): Promise<void> {
    // A container engine makes the same folder for every controller.
    for (const controller of readdirSync(CGROUPS)) {
      const folder = join(CGROUPS, controller, this.name);
      for (let n = 0; n < 100 && existsSync(folder); n += 1) {
        try {
          rmdirSync(folder);
        } catch {
          await sleep(50);
        }
      }
    }
  }
}
