/**
 * The explorer: a page in which a newcomer's first query runs with one click, with or without a network.
 *
 * `sandbox` is Apollo Sandbox from its CDN; `graphiql` is GraphiQL from files that npm installed, with no outside
 * address; `auto` tries the first in the browser for three seconds and falls back to the second. Requests carry the
 * page's development token in their Authorization header, unless the person sets that header; when the gateway
 * answers 401 the page is read again for a fresh token. The token stays in the page: Sandbox's frame never sees it.
 *
 * Never served in production. The page holds a token, so `explorerHeaders` forbids keeping it and running anything
 * but its own scripts; serve both with the same nonce, a fresh one for every answer.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

export type ExplorerMode = 'sandbox' | 'graphiql' | 'auto';
export type ExplorerPage = {
  /** Path of the GraphQL endpoint on the page's own origin. */
  endpoint: string;
  mode: ExplorerMode;
  token: string;
  firstQuery: string;
  nonce: string;
  /** Whose token it is; with `users`, a choice that opens the page again with `?user=<handle>`. */
  user?: string;
  users?: readonly string[];
};
export type ExplorerAsset = { body: Buffer; contentType: string };

/** Where the page's own files are; everything else below it does not exist. */
export const EXPLORER_ASSETS = '/explorer';
const SANDBOX_CDN = 'https://embeddable-sandbox.cdn.apollographql.com';
const SANDBOX_FRAME = 'https://sandbox.embed.apollographql.com';
const SANDBOX_LIMIT_MS = 3000;

const SCRIPT = 'text/javascript; charset=utf-8';
const STYLE = 'text/css; charset=utf-8';
const ownFile = (name: string) => () => join(import.meta.dirname, 'explorer', name);
/** These packages publish their browser builds without exporting them, so the file is found beside the manifest. */
const packageFile = (name: string, path: string) => () =>
  join(dirname(createRequire(import.meta.url).resolve(`${name}/package.json`)), path);

const ASSETS: ReadonlyMap<string, { contentType: string; locate: () => string }> = new Map([
  ['start.js', { contentType: SCRIPT, locate: ownFile('start.js') }],
  ['explorer.css', { contentType: STYLE, locate: ownFile('explorer.css') }],
  ['react.js', { contentType: SCRIPT, locate: packageFile('react', 'umd/react.production.min.js') }],
  ['react-dom.js', { contentType: SCRIPT, locate: packageFile('react-dom', 'umd/react-dom.production.min.js') }],
  ['graphiql.js', { contentType: SCRIPT, locate: packageFile('graphiql', 'graphiql.min.js') }],
  ['graphiql.css', { contentType: STYLE, locate: packageFile('graphiql', 'graphiql.min.css') }],
]);
const read = new Map<string, ExplorerAsset>();

/** The file of that pathname, or undefined when the explorer has none such. */
export const serveExplorerAsset = (pathname: string): ExplorerAsset | undefined => {
  if (!pathname.startsWith(`${EXPLORER_ASSETS}/`)) return undefined;
  const name = pathname.slice(EXPLORER_ASSETS.length + 1);
  const known = read.get(name);
  const asset = ASSETS.get(name);
  if (known || !asset) return known;
  const found = { body: readFileSync(asset.locate()), contentType: asset.contentType };
  read.set(name, found);
  return found;
};

const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
/** JSON inside an element of HTML: nothing in it can close that element. */
const embedJson = (value: unknown): string => JSON.stringify(value).replace(/</g, '\\u003c');

const choice = (users: readonly string[], user: string | undefined): string =>
  `<select id="user" aria-label="Whose token">${users
    .map((name) => `<option${name === user ? ' selected' : ''}>${escapeHtml(name)}</option>`)
    .join('')}</select>`;

export const explorerPage = (page: ExplorerPage): string => {
  const { endpoint, mode, token, firstQuery, user, users, nonce } = page;
  const config = {
    endpoint,
    mode,
    token,
    firstQuery,
    assets: EXPLORER_ASSETS,
    sandbox: { script: `${SANDBOX_CDN}/_latest/embeddable-sandbox.umd.production.min.js`, limitMs: SANDBOX_LIMIT_MS },
  };
  const who = users ? choice(users, user) : `<b>${escapeHtml(user ?? 'a made-up person')}</b>`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Explorer · tenant-smart-home-app</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<link rel="stylesheet" href="${EXPLORER_ASSETS}/explorer.css">
</head>
<body>
<header>Requests carry a development token of ${who}<a id="other" hidden></a></header>
<main id="explorer"><p id="status" role="status">Opening the explorer…</p></main>
<noscript>The explorer needs JavaScript.</noscript>
<script type="application/json" id="config">${embedJson(config)}</script>
<script nonce="${escapeHtml(nonce)}" src="${EXPLORER_ASSETS}/start.js"></script>
</body>
</html>`;
};

/** What must accompany the page. GraphiQL alone needs nothing from outside; Sandbox needs its script and its frame. */
export const explorerHeaders = ({ mode, nonce }: Pick<ExplorerPage, 'mode' | 'nonce'>): Record<string, string> => ({
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-store',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'content-security-policy': [
    "default-src 'none'",
    `script-src 'nonce-${nonce}'`,
    `style-src 'self' 'nonce-${nonce}'`,
    "img-src 'self' data:",
    "font-src 'self' data:",
    "connect-src 'self'",
    ...(mode === 'graphiql' ? [] : [`frame-src ${SANDBOX_FRAME}`]),
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
});
