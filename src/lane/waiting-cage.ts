/** A cage that is made before its turn: the recorder is in it and nothing else until it is told to begin. */
import type { EndedCage } from '../cage/run.ts';

export class WaitingCage {
  readonly #ended: Promise<EndedCage>;
  #decide: (isWanted: boolean) => void = () => undefined;

  /** @param start makes the cage, and lets its program begin once `turn` says true */
  constructor(start: (turn: Promise<boolean>) => Promise<EndedCage>) {
    const turn = new Promise<boolean>((resolve) => {
      this.#decide = resolve;
    });
    this.#ended = start(turn);
    // Whoever begins it is told.
    this.#ended.catch(() => undefined);
  }

  /**
   * Lets the program begin.
   * @returns when the cage is over
   * @throws what a cage throws
   */
  begin(): Promise<EndedCage> {
    this.#decide(true);
    return this.#ended;
  }

  /** Gives the cage up unused; over when it is removed. Without effect on one that was told to begin. Never rejects. */
  async dismiss(): Promise<void> {
    this.#decide(false);
    await this.#ended.then(
      ({ whole }) => whole,
      () => null,
    );
  }
}
