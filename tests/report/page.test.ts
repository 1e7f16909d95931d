import { once } from 'node:events';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Bundle, run, runPython, scratch } from '../integration/product.ts';
import { openBrowser } from './chromium.ts';

const space = await scratch();
let browser: Browser;
let passing: Bundle;
let hostile: Bundle;

/** Everything an engine can bring into the page: names, contents, arguments, output, all of it meant to act. */
const HOSTILE = String.raw`
import os, subprocess
ATTACKS = [
    '<script>document.title="PASSED"</script>',
    '"><img src=x onerror=alert(1)>',
    "</code></pre></details><h1 class=word>Passed</h1>",
    '<style>.verdict{display:none}</style>',
    '<meta http-equiv=refresh content="0;url=data:text/html,PASSED">',
    '\u202e\u2066 dessaP \u2069',
    '\x1b[2J\x1b[1;32mPASSED\x1b[0m',
    '-->]]><svg onload=alert(2)>',
    'a' * 4000 + '<b>',
    '</title><base href=//evil>',
]
for n, text in enumerate(ATTACKS):
    name = text.replace('/', '\u2215')[:200]
    try: open('/workspace/' + name, 'w').write('\n'.join(ATTACKS) + '\n')
    except OSError: pass
    try: open('/etc/' + name, 'w')
    except OSError: pass
    subprocess.run(['true', text])
    print(text)
open('/workspace/interval/interval.py', 'a').write('\n# ' + '\n# '.join(ATTACKS) + '\nraise SystemExit("<script>alert(3)</script>")\n')
`;

beforeAll(async () => {
  browser = await openBrowser();
  passing = await run(space.dir, ['py-interval']);
  hostile = await runPython(space.dir, 'py-interval', HOSTILE);
}, 400_000);
afterAll(async () => {
  await browser?.close();
  await space.remove();
});

interface Opened {
  page: Page;
  /** everything the page did that a page of ours never does */
  acts: string[];
}

async function opened(
  file: string,
  options: { width?: number; colorScheme?: 'dark' | 'light' } = {},
): Promise<Opened> {
  const { width = 1200, colorScheme = 'light' } = options;
  const page = await browser.newPage({ viewport: { width, height: 800 }, colorScheme });
  const acts: string[] = [];
  page.on('dialog', async (dialog) => {
    acts.push(`dialog ${dialog.message()}`);
    await dialog.dismiss();
  });
  page.on('request', (request) => {
    if (request.url() !== `file://${file}`) acts.push(`request ${request.url()}`);
  });
  page.on('console', (message) => acts.push(`console ${message.text()}`));
  page.on('popup', () => acts.push('popup'));
  await page.goto(`file://${file}`);
  return { page, acts };
}

const pageOf = (bundle: Bundle) => join(bundle.artifacts, 'report.html');

describe('report.html', () => {
  test('says at a glance what happened', async () => {
    const { page, acts } = await opened(pageOf(passing));
    expect(await page.locator('.verdict .word').innerText()).toMatch(/Passed/);
    expect(await page.title()).toMatch(/^PASSED/);
    expect(await page.locator('details.proof').count()).toBe(13);
    expect(await page.locator('details.proof.failed').count()).toBe(0);
    expect(await page.locator('#cage svg, #timeline svg').count()).toBe(2);
    expect(await page.locator('#patch mark').count()).toBeGreaterThan(0);
    expect(acts).toEqual([]);
    await page.close();
  });

  test('a failed run shows why, and what to do, before anything else', async () => {
    const { page } = await opened(pageOf(hostile));
    expect(await page.locator('.verdict .word').innerText()).toMatch(/Failed/);
    const order = await page.locator('h2').allInnerTexts();
    expect(order[0]).toMatch(/Why it is not a pass/);
    expect(await page.locator('.blockers strong').allInnerTexts()).toEqual(
      hostile.report.blockers.map(({ code }) => code),
    );
    expect(await page.locator('.blockers .advice').count()).toBe(hostile.report.blockers.length);
    await page.close();
  });

  test('a blocked run says which gates were closed, and that nothing ran', async () => {
    const blocked = await run(space.dir, ['py-interval', '--engine', 'case'], { cwd: space.dir });
    const { page, acts } = await opened(pageOf(blocked));
    expect(await page.locator('.verdict .word').innerText()).toMatch(/Blocked/);
    expect(await page.locator('.blockers strong').allInnerTexts()).toEqual([
      'case_disabled',
      'stage_gate_missing',
      'stage1_missing',
    ]);
    expect(await page.locator('#cage').innerText()).toMatch(/No container was made/);
    expect(acts).toEqual([]);
    await page.close();
  });

  test('every proof unfolds to its claim and to the very lines it rests on', async () => {
    const { page } = await opened(pageOf(passing));
    const proof = page.locator('details.proof', { hasText: 'recorder_coverage' });
    expect(await proof.locator('.evidence').isVisible()).toBe(false);
    await proof.locator('summary').first().click();
    expect(await proof.locator('.evidence').isVisible()).toBe(true);
    expect(await proof.locator('.excerpt').first().innerText()).toMatch(
      /"notifications"|"kernel_last_id"|"records"/,
    );
    await page.close();
  });

  test('works with the keyboard alone', async () => {
    const { page } = await opened(pageOf(passing));
    const links = await page.locator('nav a').count();
    for (let n = 0; n <= links; n += 1) await page.keyboard.press('Tab');
    expect(await page.locator('details.proof').first().getAttribute('open')).toBeNull();
    await page.keyboard.press('Enter');
    expect(await page.locator('details.proof').first().getAttribute('open')).not.toBeNull();
    const outline = await page.evaluate('getComputedStyle(document.activeElement).outlineStyle');
    expect(outline).toBe('solid');
    await page.close();
  });

  test('is dark where the reader wants it dark, and every section still has contrast', async () => {
    const colours = async (colorScheme: 'dark' | 'light') => {
      const { page } = await opened(pageOf(passing), { colorScheme });
      const found = await page.evaluate<string[]>(
        '["backgroundColor", "color"].map((name) => getComputedStyle(document.body)[name])',
      );
      await page.close();
      return found;
    };
    const [light, dark] = [await colours('light'), await colours('dark')];
    expect(light[0]).not.toBe(dark[0]);
    expect(light[1]).not.toBe(dark[1]);
    expect(dark[0]).not.toBe(dark[1]);
  });

  test('prints with every fold open and no navigation', async () => {
    const { page } = await opened(pageOf(passing));
    await page.emulateMedia({ media: 'print' });
    expect(await page.locator('nav').isVisible()).toBe(false);
    const folded = page.locator('details.proof:not([open]) .evidence').first();
    expect((await folded.boundingBox())?.height ?? 0).toBeGreaterThan(0);
    await page.close();
  });

  test.each([1200, 420])(
    'nothing is wider than a window of %d pixels, whatever the engine wrote',
    async (width) => {
      for (const bundle of [passing, hostile]) {
        const { page } = await opened(pageOf(bundle), { width });
        expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth')).toBeLessThanOrEqual(
          0,
        );
        await page.close();
      }
    },
  );
});

describe('text of a hostile engine', () => {
  test('runs nothing, loads nothing, adds no element and fakes no verdict', async () => {
    const { page, acts } = await opened(pageOf(hostile));
    expect(acts).toEqual([]);
    expect(await page.title()).toMatch(/^FAILED/);
    expect(await page.locator('.word').count()).toBe(1);
    expect(await page.locator('h1').count()).toBe(1);
    expect(
      await page.locator('script, img, iframe, object, embed, link, form, base, [onload], [onerror]').count(),
    ).toBe(0);
    expect(await page.locator('style').count()).toBe(1);
    expect(await page.locator('.verdict').isVisible()).toBe(true);
    await page.close();
  });

  test('stands there as text, with what is invisible shown', () => {
    const html = readFileSync(pageOf(hostile), 'utf8');
    expect(html).toContain('&lt;script>');
    expect(html).toContain('\\u{202e}');
    expect(html).toContain('\\u{1b}');
    for (const control of ['\u202e', '\u2066', '\x1b', '<script', '<img'])
      expect(html).not.toContain(control);
  });

  test('report.md holds it as code that cannot end itself', () => {
    const text = readFileSync(join(hostile.artifacts, 'report.md'), 'utf8');
    expect(text).toMatch(/^## ❌ Failed: `py-interval`/);
    expect(text.length).toBeLessThan(20_000);
    const outside = text.replaceAll(/(`+)(?:(?!\1)[\s\S])+?\1/g, '');
    expect(outside).not.toMatch(/<(?!\/?(?:details|summary|br|sub|code)\b)[a-z]/i);
    expect(outside).not.toMatch(/passed\b.*✅|✅ Passed/);
  });

  test.each([
    ['with the policy nothing of it acts', true],
    ['the control: without the policy all of it does', false],
  ])('a script, a style and an image that somehow got in: %s', async (_, isKept) => {
    const seen: string[] = [];
    const server = createServer((request, response) => {
      seen.push(request.url ?? '');
      response.end('');
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const inside = `<script>window.acted = 1</script><style>.verdict { display: none }</style><img src="${origin}/pixel">`;
    const html = readFileSync(pageOf(passing), 'utf8').replace('<main>', `<main>${inside}`);
    const path = join(space.dir, `injected-${isKept}.html`);
    writeFileSync(path, isKept ? html : html.replace(/<meta http-equiv="Content-Security-Policy"[^>]*>/, ''));
    const { page } = await opened(path);
    await page.waitForLoadState('networkidle');
    expect(await page.evaluate('window.acted === 1')).toBe(!isKept);
    expect(await page.locator('.verdict').isVisible()).toBe(isKept);
    expect(seen).toEqual(isKept ? [] : ['/pixel']);
    await page.close();
    server.close();
  });
});

describe('a run with 100,000 attempts', () => {
  test('gives a page that stays small: summed up, never one element each', async () => {
    const many = await runPython(
      space.dir,
      'py-interval',
      `
import os
for n in range(100_000):
    try: os.close(os.open('/workspace/.git/x' if n % 3 == 0 else f'/etc/{n % 9000}/{n}', os.O_WRONLY | os.O_CREAT))
    except OSError: pass
`,
      ['--max-output', '1m'],
    );
    expect(many.report.recorder.records).toBeGreaterThanOrEqual(100_000);
    expect(statSync(pageOf(many)).size).toBeLessThan(1 << 20);
    const { page, acts } = await opened(pageOf(many));
    expect(await page.evaluate('document.querySelectorAll("*").length')).toBeLessThan(12_000);
    expect(await page.locator('#timeline rect').count()).toBeLessThan(600);
    expect(acts).toEqual([]);
    await page.close();
  });
});
