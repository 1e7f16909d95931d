/** What a run needs no longer goes while the run goes on: a disk may take a millisecond for each file that it gives back. */
import { removeTree } from '../workspace/remove.ts';

/** Folders of one run's spool on their way out, one after the other. */
export class Rubbish {
  #last: Promise<void> = Promise.resolve();

  /** Removes `folder`, which nothing uses any more, when the ones before it are gone. Returns at once. */
  discard(folder: string): void {
    // What stays goes with the spool, and whoever removes that says what went wrong.
    this.#last = this.#last.then(() => removeTree(folder)).catch(() => undefined);
  }

  /** Over when nothing is being removed. Wait for it before the spool gets another name. Never rejects. */
  settled(): Promise<void> {
    return this.#last;
  }
}
