/** The recorder's path handling under AddressSanitizer and UBSan: random paths through random trees, against the kernel. */
import { afterAll, expect, test } from 'vitest';
import { scratch } from '../integration/product.ts';
import { compiled, type Program } from './compiled.ts';

const space = await scratch();
afterAll(() => space.remove());

/** How many paths; by hand it is worth more: PROOFBOX_PATHS=50000000. */
const ROUNDS = Number(process.env.PROOFBOX_PATHS ?? 150_000);

function fuzz(change?: Program['change']): Promise<string> {
  return compiled(space.dir, {
    source: 'resolve.c',
    units: ['caller.c', 'json.c', 'judge.c'],
    run: `./fuzz ${Date.now()} ${ROUNDS} || echo it ends with $?`,
    ...(change === undefined ? {} : { change }),
  });
}

test('R8: the recorder says where a path leads as the kernel does, and reads nothing it must not', async () => {
  const said = await fuzz();
  expect(said).toMatch(/Successfully built/);
  expect(said).not.toMatch(/it ends with \d/);
  const [, agreed] = /(\d+) agreed, \d+ refused/.exec(said) ?? [];
  expect(Number(agreed), said.slice(-2000)).toBeGreaterThan(ROUNDS / 20);
}, 600_000);

test.each([
  ['.. that goes nowhere', 'to_parent(out->path, floor);', ''],
  ['a link that is not followed', 'if (part != at || !follow) {', 'if (1) {'],
  ["another's /proc/self", 'if (strcmp(folder, "/proc") != 0) return part;', 'return part;'],
  ['a link taken for a folder', '.resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS', '.resolve = 0'],
  ['a folder that is asked about once for ever', "{ asked[0] = '\\0'; }", '{}'],
  ['a last name that is never asked about', 'bool whole = is_followed(after, how);', 'bool whole = false;'],
  ['a place longer than its buffer', 'if (have + slash + n + 1 > cap) return false;', ''],
  ['a link longer than its buffer', 'if (n < 0 || (size_t)n >= sizeof joined) return false;', ''],
])(
  'the control: %s is found',
  async (_, from, to) => {
    const said = await fuzz({ file: 'resolve.c', from, to });
    expect(said).toMatch(/(?:the recorder says|AddressSanitizer)[\s\S]*it ends with \d/);
  },
  600_000,
);
