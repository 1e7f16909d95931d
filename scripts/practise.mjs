// Makes one run and verifies it, then keeps what the functions that were called compile to: the build could only keep what
// loading calls. Run by scripts/setup once an engine and an image are there. It changes nothing but how soon a run begins.
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setFlagsFromString } from 'node:v8';

const bundle = resolve('dist/bundle');
const { main, compiled } = createRequire(import.meta.url)(join(bundle, 'load.cjs'));
// V8 forgets the code of what was called long ago.
setFlagsFromString('--no-flush-bytecode');

const folder = await mkdtemp(join(tmpdir(), 'proofbox-practise-'));
// Away from the configuration of whoever set this up.
process.chdir(folder);
try {
  const [key, run] = [join(folder, 'practise.key'), join(folder, 'run')];
  for (const words of [
    ['keygen', '--out', key],
    ['run', 'py-interval', '--sign', key, '--out', run],
    ['verify', run, '--key', `${key}.pub`],
  ]) {
    process.argv.splice(2, Infinity, ...words);
    await main();
    if (process.exitCode) throw new Error(`proofbox ${words[0]} ended with ${process.exitCode}`);
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}

for (const [path, code] of compiled()) {
  await writeFile(`${path}.cache.new`, code);
  await rename(`${path}.cache.new`, `${path}.cache`);
}
await writeFile(join(bundle, 'practised'), process.version);
