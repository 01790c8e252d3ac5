/**
 * A request of v2 as contract §5.8 wants it, for whoever calls the platform without our client: the simulator's own
 * tests and readers of its state.
 */
import { type KeyObject, randomUUID } from 'node:crypto';
import { createSigner, httpbis } from 'http-message-signatures';
import { ALGORITHM, coveredIn, messageOf, REQUEST_PARAMETERS, targetComponent } from './components.ts';
import { contentDigestOf } from './content-digest.ts';

export type UnsignedRequest = {
  method: string;
  url: string;
  headers?: Readonly<Record<string, string>>;
  body?: string | undefined;
};
export type RequestSigner = {
  /** The client's id. */
  keyid: string;
  privateKey: KeyObject;
  now: Date;
  nonce?: string;
};

/** The headers of the request, in lower case, with `content-digest`, `signature-input` and `signature`. */
export const signRequest = async (
  { method, url, headers = {}, body = '' }: UnsignedRequest,
  { keyid, privateKey, now, nonce = randomUUID() }: RequestSigner,
): Promise<Record<string, string>> => {
  const { host, pathname, search } = new URL(url);
  const whole: Record<string, string> = { 'content-digest': contentDigestOf(Buffer.from(body)) };
  for (const [name, value] of Object.entries(headers)) whole[name.toLowerCase()] = value;
  const request = { method, authority: host, path: pathname, search: search.slice(1), headers: whole };
  const signed = await httpbis.signMessage(
    {
      key: createSigner(privateKey, ALGORITHM, keyid),
      params: [...REQUEST_PARAMETERS],
      paramValues: { created: now, nonce },
      fields: [...coveredIn(whole)],
      componentParser(name) {
        const value = targetComponent(name, request);
        return value === undefined ? null : [value];
      },
    },
    messageOf(request),
  );
  const all: Record<string, string> = {};
  for (const [name, value] of Object.entries(signed.headers)) all[name.toLowerCase()] = String(value);
  return all;
};
