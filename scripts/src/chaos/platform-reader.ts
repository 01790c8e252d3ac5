/** Reads from the platform what our services wrote there, by its own REST contract and without their client. */
import { createPrivateKey, randomUUID, sign } from 'node:crypto';
import { signRequest } from '@house/platform-simulator/integrity/sign-request';
import { Agent, request } from 'undici';
import type { PlatformClients } from '../deployed/services.ts';

export type PlatformReader = {
  /** The plates of a flat, in the platform's order. */
  plates(flat: { apiVersion: 'v1' | 'v2'; unitId: string; legacyId: number }): Promise<string[]>;
  close(): Promise<void>;
};

const base64url = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

type Call = { method?: 'GET' | 'POST'; headers?: Record<string, string>; body?: string };

export const createPlatformReader = ({
  url,
  tls,
  clients: { v1, v2 },
}: {
  url: string;
  tls: { ca: string; cert: string; key: string };
  clients: PlatformClients;
}): PlatformReader => {
  const dispatcher = new Agent({ connect: tls });
  const privateKey = createPrivateKey({ key: v2.privateJwk, format: 'jwk' });
  /** What v2 takes of nobody who does not sign (RFC 9421). */
  const signed = async (path: string, { method = 'GET', headers = {}, body }: Call): Promise<Record<string, string>> =>
    path.startsWith('/api/v2/')
      ? signRequest(
          { method, url: url + path, headers, body },
          { keyid: v2.clientId, privateKey, now: new Date(Date.now()) },
        )
      : headers;
  const call = async (path: string, options: Call = {}): Promise<unknown> => {
    const headers = await signed(path, options);
    const { statusCode, body } = await request(url + path, { ...options, headers, dispatcher });
    const text = await body.text();
    if (statusCode >= 400) throw new Error(`${path}: ${statusCode} ${text}`);
    return JSON.parse(text);
  };

  /** RFC 7523. */
  const assertion = (): string => {
    const issuedAt = Math.floor(Date.now() / 1_000);
    const aud = `${url}/api/v2/oauth/token`;
    const claims = { iss: v2.clientId, sub: v2.clientId, aud, jti: randomUUID(), iat: issuedAt, exp: issuedAt + 60 };
    const parts = `${base64url({ alg: 'ES256', typ: 'JWT' })}.${base64url(claims)}`;
    const signature = sign('sha256', Buffer.from(parts), { key: privateKey, dsaEncoding: 'ieee-p1363' });
    return `${parts}.${signature.toString('base64url')}`;
  };
  const tokens = {
    v2: async (): Promise<string> => {
      const form = new URLSearchParams({
        grant_type: 'client_credentials',
        scope: 'sites.read vehicles.write',
        client_id: v2.clientId,
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
        client_assertion: assertion(),
      });
      const headers = { 'content-type': 'application/x-www-form-urlencoded' };
      const answer = await call('/api/v2/oauth/token', { method: 'POST', headers, body: form.toString() });
      return (answer as { access_token: string }).access_token;
    },
    v1: async (): Promise<string> => {
      const headers = { 'content-type': 'application/json', 'x-api-key': v1.apiKey };
      const body = JSON.stringify({ clientId: v1.clientId, clientSecret: v1.secret });
      const answer = await call('/api/v1/auth/token', { method: 'POST', headers, body });
      return (answer as { data: { token: string } }).data.token;
    },
  };
  const kept: Partial<Record<'v1' | 'v2', Promise<string>>> = {};
  const token = (version: 'v1' | 'v2'): Promise<string> => {
    kept[version] ??= tokens[version]();
    return kept[version];
  };

  return {
    plates: async ({ apiVersion, unitId, legacyId }) => {
      const authorization = `Bearer ${await token(apiVersion)}`;
      if (apiVersion === 'v1') {
        const headers = { authorization, 'x-api-key': v1.apiKey };
        const { data } = (await call(`/api/v1/flats/${legacyId}/cars`, { headers })) as { data?: { cars: string } };
        return (data?.cars ?? '').split('\n').filter(Boolean);
      }
      const path = `/api/v2/units/${unitId}/vehicle-permits?limit=100`;
      const { items } = (await call(path, { headers: { authorization } })) as {
        items: { plate: { canonical: string } }[];
      };
      return items.map(({ plate }) => plate.canonical);
    },
    close: () => dispatcher.close(),
  };
};
