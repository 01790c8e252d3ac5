import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';
import { type ErrorCode, HouseError } from '../errors.ts';
import type { VerifyPrincipal } from '../principal/principal.ts';
import type { Log } from '../telemetry.ts';
import type { Watched } from '../watched-files.ts';
import { createDeadline, DEADLINE_HEADER, type Deadline, parseLeftMs, REQUEST_LIMIT_MS } from './deadline.ts';
import { createListener } from './listener.ts';
import { readBody } from './read-body.ts';
import type { Subgraph } from './subgraph.ts';
import { type Credentials, createPeers } from './tls.ts';

/** Query plans are small; the gateway has already bounded what a client may send. */
const BODY_LIMIT_BYTES = 1_000_000;

class TooLarge extends Error {}

const requestBody = z.object({
  query: z.string(),
  variables: z.record(z.string(), z.unknown()).nullish(),
  operationName: z.string().nullish(),
});

const answer = (outgoing: ServerResponse, status: number, body: unknown): void => {
  outgoing.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
};

const refusal = (error: unknown): { status: number; code: ErrorCode } => {
  if (error instanceof HouseError && error.code === 'UNAUTHENTICATED') return { status: 401, code: error.code };
  if (error instanceof TooLarge) return { status: 413, code: 'BAD_USER_INPUT' };
  if (error instanceof SyntaxError || error instanceof z.ZodError) return { status: 400, code: 'BAD_USER_INPUT' };
  return { status: 500, code: 'INTERNAL' };
};

/** What the asker has left; our own limit for one that does not say. */
const deadlineOf = ({ headers }: IncomingMessage): Deadline => {
  const leftMs = parseLeftMs(String(headers[DEADLINE_HEADER])) ?? REQUEST_LIMIT_MS;
  return createDeadline(Math.min(leftMs, REQUEST_LIMIT_MS));
};

/** Who may ask, and how the subgraph and they know one another. */
export type ServedInside = {
  readonly credentials: Watched<Credentials>;
  /** As their certificates name them, and as the issuers of what they sign. */
  readonly services: readonly string[];
};

/**
 * Puts a subgraph behind HTTP. Nothing is executed for a request without a principal that one of our own services
 * signed for this very body: anybody else gets 401.
 * @param inside with it, TLS in which only those services get so far as to send anything, and what one of them has signed
 *   is taken from nobody else; without, for development only, whoever can reach the port.
 * @param lameDuckMs for how long requests are still taken once it is told to close (`listener.ts`).
 */
export const serveSubgraph = async ({
  subgraph,
  verify,
  port,
  host = '127.0.0.1',
  lameDuckMs,
  inside,
  log,
}: {
  subgraph: Subgraph;
  verify: VerifyPrincipal;
  port: number;
  host?: string;
  lameDuckMs?: number;
  inside?: ServedInside | undefined;
  log: Log;
}): Promise<{ url: string; close(): Promise<void> }> => {
  const peers = inside && createPeers(inside.services);
  const handle = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    if (incoming.method !== 'POST' || incoming.url !== '/graphql')
      return answer(outgoing, 404, { errors: [{ message: 'Not found' }] });
    const deadline = deadlineOf(incoming);
    const bytes = await readBody(incoming, BODY_LIMIT_BYTES);
    if (!bytes) throw new TooLarge();
    const body = bytes.toString('utf8');
    const { principal, issuer, traceId } = verify(String(incoming.headers['x-principal'] ?? ''), body);
    if (peers && peers.nameOf(incoming.socket) !== issuer)
      throw new HouseError('UNAUTHENTICATED', { cause: new Error('signed by somebody else than who asks') });
    const { query, variables, operationName } = requestBody.parse(JSON.parse(body));
    answer(
      outgoing,
      200,
      await subgraph.execute({
        query,
        variables: variables ?? undefined,
        operationName: operationName ?? undefined,
        principal,
        traceId,
        deadline,
      }),
    );
  };
  const fail = (incoming: IncomingMessage, outgoing: ServerResponse, error: unknown): void => {
    const { status, code } = refusal(error);
    log.warn('subgraph-request-refused', { status, code, error });
    // The rest of a body that was not read to its end cannot be told from the next request.
    if (!incoming.complete) outgoing.setHeader('connection', 'close');
    if (!outgoing.headersSent) answer(outgoing, status, { errors: [{ message: 'Refused', extensions: { code } }] });
    else outgoing.destroy();
  };
  const listener = createListener({
    handle: (incoming, outgoing) =>
      handle(incoming, outgoing).catch((error: unknown) => fail(incoming, outgoing, error)),
    tls: inside && { credentials: inside.credentials, peers },
    lameDuckMs,
    log,
  });
  const scheme = inside ? 'https' : 'http';
  return { url: `${scheme}://${host}:${await listener.listen(port, host)}/graphql`, close: () => listener.close() };
};
