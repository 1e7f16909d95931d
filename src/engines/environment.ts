/** The environment of every cage: nothing of the host's, the same for engines and tests. */

/** HOME and the temporary folder are links of the image into run_artifact_dir. */
export const CAGE_ENV: Record<string, string> = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  HOME: '/home/engine',
  TMPDIR: '/tmp',
  USER: 'engine',
  LOGNAME: 'engine',
  LANG: 'C.UTF-8',
  GIT_AUTHOR_NAME: 'engine',
  GIT_AUTHOR_EMAIL: 'engine@cage.invalid',
  GIT_COMMITTER_NAME: 'engine',
  GIT_COMMITTER_EMAIL: 'engine@cage.invalid',
};
