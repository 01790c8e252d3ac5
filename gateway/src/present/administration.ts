/** For the operator, on an address of its own: alive, ready, metrics. It tells nothing about a person. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Registry } from 'prom-client';
import { ANSWER_HEADERS } from './headers.ts';

export type Administration = {
  readonly registry: Registry;
  /** Why no requests should be sent here now, in words like `keys` or `draining`; none when ready. */
  reasonsNotReady(): readonly string[];
};

type Answer = { readonly status: number; readonly contentType?: string; readonly text: string };

const json = (status: number, body: unknown): Answer => ({ status, text: `${JSON.stringify(body)}\n` });

const answerTo = async (
  { method, url }: IncomingMessage,
  { registry, reasonsNotReady }: Administration,
): Promise<Answer> => {
  if (method !== 'GET' && method !== 'HEAD') return json(405, { error: 'use GET' });
  switch (new URL(url ?? '/', 'http://administration').pathname) {
    case '/livez':
      return json(200, { alive: true });
    case '/readyz': {
      const reasons = reasonsNotReady();
      return json(reasons.length === 0 ? 200 : 503, { ready: reasons.length === 0, reasons });
    }
    case '/metrics':
      return { status: 200, contentType: registry.contentType, text: await registry.metrics() };
    default:
      return json(404, { error: 'one of /livez, /readyz, /metrics' });
  }
};

export const createAdministration =
  (administration: Administration) =>
  async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    const {
      status,
      contentType = 'application/json; charset=utf-8',
      text,
    } = await answerTo(incoming, administration).catch(() => json(500, { error: 'internal' }));
    outgoing
      .writeHead(status, { 'content-type': contentType, ...ANSWER_HEADERS })
      .end(incoming.method === 'HEAD' ? undefined : text);
  };
