// Makes DIR/bundle of the modules that tsc left in DIR: a few files that load at once, and their compiled code.
// Run by scripts/build. It changes no behaviour: DIR/cli/main.js does the same from the modules.
import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { build, transform } from 'esbuild';

const dist = resolve(process.argv[2] ?? 'dist');
const out = join(dist, 'bundle');

const require = createRequire(import.meta.url);

/**
 * What its authors do at once although no run needs it: loading gRPC for BuildKit, ssh and TLS, and describing each request
 * to a log that nobody keeps.
 */
const LATE = [
  {
    file: /dockerode\/lib\/docker\.js$/,
    changes: [
      [
        "withSession = require('./session')",
        "withSession = (...args) => require('dockerode/lib/session.js')(...args)",
      ],
    ],
  },
  {
    file: /docker-modem\/lib\/modem\.js$/,
    changes: [
      ["ssh = require('./ssh')", "ssh = (...args) => require('docker-modem/lib/ssh.js')(...args)"],
      ["debug('Sending: ", "debug.enabled && debug('Sending: "],
    ],
  },
  {
    file: /docker-modem\/lib\/http\.js$/,
    changes: [
      [
        "nativeHttps = require('https')",
        "nativeHttps = { request: (...args) => require('https').request(...args) }",
      ],
    ],
  },
];
const LEFT = ['dockerode/lib/session.js', 'docker-modem/lib/ssh.js'];
/**
 * The one looks for packages that need not be there, and is used once for an image. The others are CommonJS that only a
 * fleet loads: a split bundle would hand them over without their names.
 */
const NOT_BUNDLED = ['@cyclonedx/cyclonedx-library', '@nats-io/*'];

const late = {
  name: 'late',
  setup({ onLoad, onResolve }) {
    for (const { file, changes } of LATE)
      onLoad({ filter: file }, async ({ path }) => {
        let contents = await readFile(path, 'utf8');
        for (const [eager, late] of changes) {
          if (!contents.includes(eager)) throw new Error(`${path} does not say ${eager} any more`);
          contents = contents.replace(eager, late);
        }
        return { contents, loader: 'js' };
      });
    onResolve({ filter: /^\.\/buildkit$/ }, () => ({ path: 'dockerode/lib/buildkit.js', external: true }));
  },
};
for (const module of LEFT) require.resolve(module);

await rm(out, { recursive: true, force: true });
await mkdir(out, { recursive: true });
const { outputFiles } = await build({
  entryPoints: [join(dist, 'cli/program.js')],
  outdir: out,
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  // Comments may hold anything; without them every character is one byte, and is read as such.
  minifyWhitespace: true,
  lineLimit: 160,
  charset: 'ascii',
  external: [...LEFT, ...NOT_BUNDLED],
  plugins: [late],
  outExtension: { '.js': '.cjs' },
  // All that a module asks of its address is where the package lies: one folder up from any of them.
  define: { 'import.meta.url': 'moduleUrl' },
  logLevel: 'warning',
  write: false,
});

// One file for each group of modules that are needed together. CommonJS, because its compiled code can be kept.
for (const { path, text } of outputFiles) {
  const { code } = await transform(text, {
    format: 'cjs',
    platform: 'node',
    target: 'node20.19',
    supported: { 'dynamic-import': false },
    minifyWhitespace: true,
    lineLimit: 160,
    charset: 'ascii',
    logLevel: 'error',
  });
  if (/[^\0-\x7f]/.test(code)) throw new Error(`${path} is not plain ASCII`);
  await writeFile(path, code);
}
await copyFile(new URL('./load.cjs', import.meta.url), join(out, 'load.cjs'));

// With everything loaded, so that the functions which loading calls are compiled too.
const { load, compiled } = require(join(out, 'load.cjs'));
await load();
for (const [path, code] of compiled()) await writeFile(`${path}.cache`, code);
