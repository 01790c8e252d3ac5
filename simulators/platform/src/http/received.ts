/** A request as Node hands it over, in our own words. */
import type { IncomingMessage } from 'node:http';
import type { TLSSocket } from 'node:tls';
import type { Received } from '../exchange.ts';

/** Asked of a connection once, not for each request on it. */
const certificates = new WeakMap<
  TLSSocket,
  Pick<Received, 'tlsVersion' | 'clientCertificate' | 'certificateTrusted'>
>();

const tlsOf = (socket: TLSSocket) => {
  const known = certificates.get(socket);
  if (known) return known;
  const fingerprint = socket.getPeerX509Certificate()?.fingerprint256.replaceAll(':', '');
  const found = {
    tlsVersion: socket.getProtocol(),
    clientCertificate: fingerprint === undefined ? null : Buffer.from(fingerprint, 'hex').toString('base64url'),
    certificateTrusted: fingerprint !== undefined && socket.authorized,
  };
  certificates.set(socket, found);
  return found;
};

export const receivedOf = (request: IncomingMessage, raw: Buffer): Received => {
  const [path = '/', ...rest] = (request.url ?? '/').split('?');
  const search = rest.join('?');
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(request.headers))
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(', ') : value;
  return {
    method: request.method ?? 'GET',
    path,
    query: new URLSearchParams(search),
    search,
    headers,
    raw,
    ...tlsOf(request.socket as TLSSocket),
    authority: headers.host ?? '',
  };
};
