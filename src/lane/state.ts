/** Keeps state.json in the spool, whole at every moment. */
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunState } from '../schema/state.ts';

export const STATE_FILE = 'state.json';

/** The state of one run: each note replaces the file by a whole one. */
export class StateFile {
  readonly #folder: string;
  #state: RunState;

  constructor(spool: string, state: RunState) {
    this.#folder = spool;
    this.#state = state;
  }

  get current(): RunState {
    return this.#state;
  }

  /** @throws the system's error where the disk refuses */
  async note(changes: Partial<RunState> = {}): Promise<void> {
    this.#state = { ...this.#state, ...changes };
    const draft = join(this.#folder, 'state.draft');
    await writeFile(draft, JSON.stringify(this.#state), { mode: 0o600 });
    await rename(draft, join(this.#folder, STATE_FILE));
  }
}
