// Loads program.cjs beside it, and what that asks for, with the compiled code that V8 left at the build. Another Node.js
// refuses that code and compiles the text again: slower, and no different.
const { readFileSync } = require('node:fs');
const { dirname, join } = require('node:path');
const { pathToFileURL } = require('node:url');
const { setFlagsFromString } = require('node:v8');
const { Script } = require('node:vm');

// Left alone, V8 lets a heap of 100 MB grow threefold before it looks for what is dead, and a tree of 100,000 files is such a
// heap. A process that is over sooner than this holds little, and would only look in vain.
const LONG_MS = 2_000;
setTimeout(() => setFlagsFromString('--heap-growing-percent=20'), LONG_MS).unref();

const PARAMETERS = 'exports, require, module, __filename, __dirname, moduleUrl';
const moduleUrl = pathToFileURL(__dirname).href;
const modules = new Map();
const scripts = new Map();

function load(name) {
  const known = modules.get(name);
  if (known !== undefined) return known.exports;
  const module = { exports: {} };
  modules.set(name, module);
  const filename = join(__dirname, name);
  const text = `(function (${PARAMETERS}) {${readFileSync(filename, 'latin1')}\n})`;
  const script = new Script(text, { filename, cachedData: kept(filename) });
  scripts.set(filename, script);
  script.runInThisContext()(module.exports, find, module, filename, dirname(filename), moduleUrl);
  return module.exports;
}

function find(name) {
  return name.startsWith('./') ? load(name.slice(2)) : require(name);
}

function kept(filename) {
  try {
    return readFileSync(`${filename}.cache`);
  } catch {
    return undefined;
  }
}

module.exports = {
  ...load('program.cjs'),
  compiled() {
    // V8 refuses code that was kept under other flags than those under which it is loaded.
    for (const flag of ['--heap-growing-percent=0', '--flush-bytecode']) setFlagsFromString(flag);
    return [...scripts].map(([path, script]) => [path, script.createCachedData()]);
  },
  refused: () =>
    [...scripts].filter(([, script]) => script.cachedDataRejected !== false).map(([path]) => path),
};
