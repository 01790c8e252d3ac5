import { describe, expect, test } from '@jest/globals';
import { type ExplorerMode, explorerHeaders, explorerPage, serveExplorerAsset } from './explorer.ts';

const page = (over: Partial<Parameters<typeof explorerPage>[0]> = {}) =>
  explorerPage({
    endpoint: '/graphql',
    mode: 'auto',
    token: 'a.b.c',
    firstQuery: '{ me { id } }',
    nonce: 'n0nce',
    ...over,
  });
const configOf = (html: string): Record<string, unknown> =>
  JSON.parse(/<script type="application\/json" id="config">(.*?)<\/script>/s.exec(html)?.[1] ?? '');
const policyOf = (mode: ExplorerMode): Record<string, string> => {
  const policy = explorerHeaders({ mode, nonce: 'n0nce' })['content-security-policy'] ?? '';
  return Object.fromEntries(policy.split('; ').map((rule) => rule.split(/ (.*)/s).slice(0, 2)));
};

describe('the explorer page', () => {
  test('gives its scripts everything that one click needs', () => {
    const expected = { endpoint: '/graphql', mode: 'auto', token: 'a.b.c', firstQuery: '{ me { id } }' };
    expect(configOf(page())).toMatchObject(expected);
  });

  test('runs only scripts that carry its nonce', () => {
    const scripts = page().match(/<script\b[^>]*>/g);
    expect(scripts).toEqual([
      '<script type="application/json" id="config">',
      '<script nonce="n0nce" src="/explorer/start.js">',
    ]);
    expect(page()).not.toMatch(/\son\w+=|<style|\sstyle=|javascript:/);
  });

  test('needs no outside address to show GraphiQL', () => {
    const linked = [...page({ mode: 'graphiql' }).matchAll(/(?:src|href)="([^"]*)"/g)].map(([, address]) => address);
    expect(linked).toEqual(['data:,', '/explorer/explorer.css', '/explorer/start.js']);
  });

  test('cannot be broken out of by what is put into it', () => {
    const hostile = '</script><script>alert(1)</script>"\'<!--';
    const html = page({ token: hostile, firstQuery: hostile, endpoint: hostile, user: hostile, users: [hostile] });
    expect(html.match(/<script\b/g)).toHaveLength(2);
    expect(html).not.toMatch(/alert\(1\)<\/script>|<!--/);
    expect(configOf(html)).toMatchObject({ token: hostile, firstQuery: hostile, endpoint: hostile });
  });

  test('offers the other people, with the one whose token it carries chosen', () => {
    const html = page({ user: 'owner-b7', users: ['owner-a12', 'owner-b7'] });
    expect(html).toMatch('<option>owner-a12</option><option selected>owner-b7</option>');
  });
});

describe('the headers of the page', () => {
  test('forbid keeping the token and every source that was not named', () => {
    expect(explorerHeaders({ mode: 'auto', nonce: 'n0nce' })).toMatchObject({
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
    });
    for (const mode of ['auto', 'sandbox', 'graphiql'] as const) {
      expect(policyOf(mode)).toMatchObject({
        'default-src': "'none'",
        'script-src': "'nonce-n0nce'",
        'connect-src': "'self'",
        'frame-ancestors': "'none'",
        'base-uri': "'none'",
      });
    }
  });

  test('let a frame in only for Sandbox', () => {
    expect(policyOf('graphiql')['frame-src']).toBeUndefined();
    expect(policyOf('auto')['frame-src']).toBe('https://sandbox.embed.apollographql.com');
  });
});

describe('the files of the explorer', () => {
  test.each([
    ['start.js', 'text/javascript', 'document.currentScript'],
    ['explorer.css', 'text/css', '#status'],
    ['react.js', 'text/javascript', 'React'],
    ['react-dom.js', 'text/javascript', 'ReactDOM'],
    ['graphiql.js', 'text/javascript', 'GraphiQL'],
    ['graphiql.css', 'text/css', '.graphiql-container'],
  ])('%s is served from what npm installed', (name, contentType, content) => {
    const asset = serveExplorerAsset(`/explorer/${name}`);
    expect(asset?.contentType).toBe(`${contentType}; charset=utf-8`);
    expect(asset?.body.includes(content)).toBe(true);
  });

  test.each([
    '/explorer',
    '/explorer/',
    '/explorer/../explorer.ts',
    '/explorer/start.js/',
    '/explorer/x',
    '/start.js',
    '/',
  ])('nothing else is served: %s', (pathname) => expect(serveExplorerAsset(pathname)).toBeUndefined());
});
