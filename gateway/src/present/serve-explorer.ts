import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import type { Random } from '@house/kernel/clock';
import { HttpRefusal } from '../refusal.ts';
import { EXPLORER_ASSETS, type ExplorerMode, explorerHeaders, explorerPage, serveExplorerAsset } from './explorer.ts';

export type Explorer = {
  readonly mode: ExplorerMode;
  /** A fresh development token of `user`, or of whoever comes first. */
  token(user?: string): Promise<string>;
  /** The app's home screen when left out. */
  readonly firstQuery?: string;
  readonly users?: readonly string[];
};

const NONCE_BYTES = 16;

const readHomeScreen = (): string =>
  readFileSync(createRequire(import.meta.url).resolve('@house/schema/operations/home-screen.graphql'), 'utf8');

/**
 * Under another name it is not opened: the page holds a token, and a foreign page can make a name of its own lead here
 * and would then be allowed to read it (DNS rebinding).
 */
const isOwnName = ({ headers }: IncomingMessage): boolean =>
  /^(?:127\.0\.0\.1|localhost|\[::1\])(?::\d+)?$/i.test(headers.host ?? '');

const wantsHtml = ({ method, headers }: IncomingMessage, url: URL): boolean =>
  method === 'GET' && !url.searchParams.has('query') && /\btext\/html\b/.test(headers.accept ?? '');

const sendPage = async (
  outgoing: ServerResponse,
  url: URL,
  { explorer, random }: { explorer: Explorer; random: Random },
): Promise<void> => {
  const { firstQuery = readHomeScreen(), users } = explorer;
  const mode = url.searchParams.get('explorer') === 'graphiql' ? 'graphiql' : explorer.mode;
  const asked = url.searchParams.get('user');
  const user = users?.find((name) => name === asked) ?? users?.[0];
  const token = await explorer.token(user).catch((cause: unknown) => {
    throw new HttpRefusal('SERVICE_UNAVAILABLE', { cause });
  });
  const nonce = Buffer.from(random(NONCE_BYTES)).toString('base64url');
  const page = explorerPage({
    endpoint: url.pathname,
    mode,
    token,
    firstQuery,
    nonce,
    ...(user && { user }),
    ...(users && { users }),
  });
  outgoing.writeHead(200, explorerHeaders({ mode, nonce })).end(page);
};

/**
 * Answers a browser that opens the endpoint, and the page's own files. Not used in production: the page holds a token.
 * @returns whether it answered.
 */
export const serveExplorer =
  ({ explorer, random, endpoint }: { explorer: Explorer; random: Random; endpoint: string }) =>
  async (incoming: IncomingMessage, outgoing: ServerResponse, url: URL): Promise<boolean> => {
    if (url.pathname === endpoint && wantsHtml(incoming, url) && isOwnName(incoming)) {
      await sendPage(outgoing, url, { explorer, random });
      return true;
    }
    if (incoming.method !== 'GET' || !url.pathname.startsWith(`${EXPLORER_ASSETS}/`)) return false;
    const asset = serveExplorerAsset(url.pathname);
    if (!asset) return false;
    outgoing.writeHead(200, { 'content-type': asset.contentType, 'x-content-type-options': 'nosniff' }).end(asset.body);
    return true;
  };
