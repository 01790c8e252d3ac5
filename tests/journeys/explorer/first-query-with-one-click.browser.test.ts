/**
 * A real browser without a network, a page of the explorer, and a stand-in endpoint that lets in one token only.
 * Chromium is the one that `npm test` found, else CHROMIUM_PATH or /usr/bin/chromium (Debian's package).
 */
import { existsSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type ExplorerMode, explorerHeaders, explorerPage, serveExplorerAsset } from '@house/gateway/present/explorer';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { buildSchema, graphql } from 'graphql';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';

const SANDBOX_SCRIPT = /^https:\/\/embeddable-sandbox\.cdn\.apollographql\.com\/.*\.js$/;
const FIRST_QUERY = 'query Hello {\n  me {\n    displayName\n  }\n}\n';
const schema = buildSchema('type Query { me: Person! } type Person { id: ID!  displayName: String! }');
const rootValue = { me: { id: 'pe_1', displayName: 'Анна Ветрова' } };

/** Every name but loopback's is unknown to this browser, and it asks nothing of its own accord. */
const BROWSER_ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
];

let browser: Browser;
let server: Server;
let context: BrowserContext;
let page: Page;
let origin: string;

/** The token that the endpoint lets in, and the one that the next page carries. */
let valid: string;
let issued: string;
let refused: number;
let violations: string[];
let outside: string[];

const readBody = async (request: IncomingMessage): Promise<{ query: string }> => {
  let body = '';
  for await (const chunk of request) body += String(chunk);
  return JSON.parse(body);
};

beforeAll(async () => {
  const executablePath = process.env.TEST_CHROMIUM ?? process.env.CHROMIUM_PATH ?? '/usr/bin/chromium';
  if (!existsSync(executablePath)) {
    throw new Error(`no browser at ${executablePath}: install Debian's package "chromium", or set CHROMIUM_PATH`);
  }
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<unknown> => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://house');
    const asset = serveExplorerAsset(pathname);
    if (asset) return response.writeHead(200, { 'content-type': asset.contentType }).end(asset.body);
    if (pathname !== '/graphql') return response.writeHead(404).end();
    if (request.method === 'GET') {
      const mode = searchParams.get('explorer') as ExplorerMode;
      const [user, users] = [searchParams.get('user') ?? 'owner-a12', ['owner-a12', 'owner-b7']];
      const html = { endpoint: '/graphql', mode, token: issued, firstQuery: FIRST_QUERY, nonce: 'n0nce', user, users };
      return response.writeHead(200, explorerHeaders(html)).end(explorerPage(html));
    }
    const admitted = request.headers.authorization === `Bearer ${valid}`;
    if (!admitted) refused += 1;
    const answer = admitted
      ? await graphql({ schema, rootValue, source: (await readBody(request)).query })
      : { errors: [{ message: 'no such token', extensions: { code: 'UNAUTHENTICATED' } }] };
    return response.writeHead(admitted ? 200 : 401, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
  };
  server = createServer((request, response) => void serve(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  browser = await chromium.launch({ executablePath, args: BROWSER_ARGUMENTS });
}, 60_000);

beforeEach(async () => {
  [valid, issued, refused, violations, outside] = ['first', 'first', 0, [], []];
  context = await browser.newContext();
  page = await context.newPage();
  page.on('console', (message) => {
    if (/Content.Security.Policy/i.test(message.text())) violations.push(message.text());
  });
  page.on('pageerror', (error) => violations.push(error.message));
  page.on('request', (request) => {
    if (!request.url().startsWith(origin) && !request.url().startsWith('data:')) outside.push(request.url());
  });
});
afterEach(async () => {
  await context.close();
  expect(violations).toEqual([]);
});
afterAll(async () => {
  await browser?.close();
  server?.close();
});

/** Not until "load": a script that hangs would hold that back. */
const open = (mode: ExplorerMode) => page.goto(`${origin}/graphql?explorer=${mode}`, { waitUntil: 'domcontentloaded' });
const execute = () => page.getByRole('button', { name: /execute query/i }).click();
/** The schema is read and nothing is under way. */
const settled = () => page.waitForLoadState('networkidle');
const answer = () => page.locator('.result-window').getByText('Анна Ветрова').waitFor();

test('without a network the first query runs with one click', async () => {
  await open('auto');
  await execute();
  await answer();
  expect(outside).toEqual([expect.stringMatching(SANDBOX_SCRIPT)]);
  expect(refused).toBe(0);
  if (process.env.SCREENSHOT) await page.screenshot({ path: process.env.SCREENSHOT });
});

test('a network that never answers costs three seconds, not the explorer', async () => {
  await page.route(SANDBOX_SCRIPT, () => {});
  await page.clock.install();
  await open('auto');
  await page.getByText('Opening the explorer').waitFor();
  await page.clock.fastForward(3000);
  await execute();
  await answer();
});

test('GraphiQL, when it is configured, asks nothing of the outside', async () => {
  await open('graphiql');
  await execute();
  await answer();
  expect(outside).toEqual([]);
});

test('the documentation of the schema and the settings open under the page’s own policy', async () => {
  await open('graphiql');
  await page.getByRole('button', { name: 'Show Documentation Explorer' }).click();
  await page.locator('.graphiql-plugin').getByText('Query', { exact: true }).first().waitFor();
  await page.getByRole('button', { name: 'Open settings dialog' }).click();
  await page.getByRole('dialog').getByText('Theme').first().waitFor();
  if (process.env.SCREENSHOT) await page.screenshot({ path: process.env.SCREENSHOT });
});

test('a page that outlived its token gets a new one by itself', async () => {
  await open('graphiql');
  await settled();
  [valid, issued] = ['second', 'second'];
  await execute();
  await answer();
  expect(refused).toBe(1);
});

test('a token that the person wrote is the one that is sent', async () => {
  await open('graphiql');
  await page.getByRole('button', { name: 'Headers', exact: true }).click();
  await page.locator('.graphiql-editor-tool .CodeMirror').last().click();
  await page.keyboard.type('{"authorization":"Bearer mine"');
  await execute();
  await page.locator('.result-window').getByText('UNAUTHENTICATED').waitFor();
  expect(refused).toBe(1);
});

test('choosing another person opens the page with that person’s token', async () => {
  await open('graphiql');
  await settled();
  [valid, issued] = ['of-owner-b7', 'of-owner-b7'];
  await page.getByLabel('Whose token').selectOption('owner-b7');
  await page.waitForURL(/user=owner-b7/);
  await execute();
  await answer();
  expect(await page.getByLabel('Whose token').inputValue()).toBe('owner-b7');
  expect(refused).toBe(0);
});

test('Sandbox, where its CDN can be reached, gets the first query and sends the token without seeing it', async () => {
  const body = 'window.EmbeddedSandbox = class { constructor(options) { window.given = options; } };';
  await page.route(SANDBOX_SCRIPT, (route) => route.fulfill({ contentType: 'text/javascript', body }));
  await open('auto');
  await page.getByRole('link', { name: 'GraphiQL instead' }).waitFor();
  const given = await page.evaluate(`JSON.stringify({ ...window.given, target: window.given.target.id })`);
  expect(given).not.toMatch(valid);
  expect(JSON.parse(String(given))).toMatchObject({
    target: 'explorer',
    initialEndpoint: `${origin}/graphql`,
    initialState: { document: FIRST_QUERY },
    runTelemetry: false,
  });
  const request = {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query: FIRST_QUERY }),
  };
  const source = `window.given.handleRequest('${origin}/graphql', ${JSON.stringify(request)}).then((sent) => sent.json())`;
  expect(await page.evaluate(source)).toEqual({ data: { me: { displayName: 'Анна Ветрова' } } });
});
