/** Words of a POSIX shell's command line. */

/** The word, quoted where a shell would read more than a word in it. */
export function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
