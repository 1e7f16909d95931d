/** One thing that a host must have, how it was found, and what to do about it. */

export interface Check {
  id: string;
  status: 'ok' | 'warn' | 'fail';
  found: string;
  /** null where nothing is to be done */
  fix: string | null;
}

/** The parts of Docker's `GET /info` that a cage rests on (Docker Engine API, "Get system information"). */
export interface EngineInfo {
  SecurityOptions?: string[];
  MemoryLimit?: boolean;
  PidsLimit?: boolean;
  CpuCfsQuota?: boolean;
  SwapLimit?: boolean;
  CgroupVersion?: string;
  Driver?: string;
  Runtimes?: Record<string, unknown>;
  DockerRootDir?: string;
}

export function ok(id: string, found: string): Check {
  return { id, status: 'ok', found, fix: null };
}

export function warn(id: string, found: string, fix: string): Check {
  return { id, status: 'warn', found, fix };
}

export function fail(id: string, found: string, fix: string): Check {
  return { id, status: 'fail', found, fix };
}
