import { hash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { TLSSocket } from 'node:tls';

/**
 * Whether the connection was made with the certificate of that SHA-256 (RFC 8705 §3): the handshake has proved that the
 * client holds its key, and the issuer has named it in the token, so nobody else needs to have signed it. Never without TLS.
 */
export const hasCertificate = ({ socket }: IncomingMessage, thumbprint: string): boolean => {
  const certificate = (socket as Partial<TLSSocket>).getPeerX509Certificate?.();
  return certificate !== undefined && hash('sha256', certificate.raw, 'base64url') === thumbprint;
};
