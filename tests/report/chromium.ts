/** Debian's Chromium for tests of the page. Installed where it is missing, as the set-up installs its own packages. */
import { access } from 'node:fs/promises';
import { execa } from 'execa';
import { type Browser, chromium } from 'playwright-core';

const PROGRAM = process.env.PROOFBOX_CHROMIUM ?? '/usr/bin/chromium';

/** @throws Error that says what to install, where nothing can be installed here */
export async function openBrowser(): Promise<Browser> {
  if (!(await exists(PROGRAM))) await install();
  return chromium.launch({ executablePath: PROGRAM, args: ['--no-sandbox'] });
}

async function install(): Promise<void> {
  if (process.getuid?.() !== 0 || !(await exists('/usr/bin/apt-get')))
    throw new Error('these tests need Chromium: install it, or name it in PROOFBOX_CHROMIUM');
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  await execa('apt-get', ['-qq', 'update'], { env });
  await execa(
    'apt-get',
    ['-qq', '-y', 'install', '--no-install-recommends', 'chromium', 'fonts-dejavu-core'],
    { env },
  );
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
