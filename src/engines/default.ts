/** The engine that runs where none is named. Alone in its file, so that `--help` loads nothing else. */
export const DEFAULT_ENGINE = 'fake';
