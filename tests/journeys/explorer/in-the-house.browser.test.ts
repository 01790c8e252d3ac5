import { existsSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type Browser, chromium } from 'playwright-core';
import { openHouse, type TestHouse } from '../../support/house.ts';

let house: TestHouse;
let browser: Browser;
beforeAll(async () => {
  const executablePath = process.env['TEST_CHROMIUM'] ?? '/usr/bin/chromium';
  if (!existsSync(executablePath))
    throw new Error(`no browser at ${executablePath}: install Debian's package "chromium"`);
  house = await openHouse({ EXPLORER: 'auto' });
  browser = await chromium.launch({
    executablePath,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--no-first-run',
      '--disable-background-networking',
      '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
    ],
  });
}, 60_000);
afterAll(async () => {
  await browser?.close();
  await house?.stop();
});

test("a newcomer's first query shows a home after one click, without a network", async () => {
  const page = await browser.newPage();
  await page.goto(house.url, { waitUntil: 'domcontentloaded' });
  await page.getByRole('button', { name: /execute query/i }).click();
  const result = page.locator('.result-window');
  await result.getByText('Анна Ветрова').waitFor();
  // The editor draws only the lines that are in view, and the doors are below.
  await result.getByText('Кв. 12').waitFor();
  if (process.env['SCREENSHOT']) await page.screenshot({ path: process.env['SCREENSHOT'] });
  expect(await result.textContent()).not.toContain('errors');
});
