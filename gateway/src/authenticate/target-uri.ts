/** The address that a request was sent to, as a proof names it in `htu`: compared after RFC 3986 §6.2.2 and §6.2.3. */
import type { IncomingMessage } from 'node:http';
import type { TLSSocket } from 'node:tls';

/** The characters of RFC 3986 §2; a URL parser would drop or turn others. */
const URI = /^https?:\/\/[A-Za-z0-9\-._~:/?#[\]@!$&'()*+,;=%]+$/i;
const LIMIT_CHARACTERS = 2_000;
const ESCAPE = /%([0-9a-f]{2})/gi;
const UNRESERVED = /[A-Za-z0-9\-._~]/;

const normalizeEscapes = (path: string): string =>
  path.replace(ESCAPE, (escape, hex: string) => {
    const character = String.fromCharCode(Number.parseInt(hex, 16));
    return UNRESERVED.test(character) ? character : escape.toUpperCase();
  });

/** Without query and fragment; undefined for what is no address of HTTP, or names a user in it. */
export const normalizeTarget = (uri: string): string | undefined => {
  if (uri.length > LIMIT_CHARACTERS || !URI.test(uri)) return undefined;
  const url = URL.parse(uri);
  if (!url || url.username !== '' || url.password !== '') return undefined;
  return `${url.origin}${normalizeEscapes(url.pathname)}`;
};

/**
 * What the request's sender calls us, when nobody told us our public address: the name that it asked for under the
 * listener's own scheme. A name that leads here but is another's would be taken, so production names its addresses.
 */
export const targetOf = ({ headers, socket, url = '/' }: IncomingMessage): string | undefined => {
  const scheme = (socket as Partial<TLSSocket>).encrypted ? 'https' : 'http';
  const path = URL.parse(url, 'http://gateway')?.pathname;
  return path === undefined ? undefined : normalizeTarget(`${scheme}://${headers.host ?? ''}${path}`);
};
