import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { z } from 'zod';
import { type ErrorCode, HouseError } from '../errors.ts';
import type { VerifyPrincipal } from '../principal/principal.ts';
import type { Log } from '../telemetry.ts';
import type { Subgraph } from './subgraph.ts';

/** Query plans are small; the gateway has already bounded what a client may send. */
const BODY_LIMIT_BYTES = 1_000_000;

class TooLarge extends Error {}

const requestBody = z.object({
  query: z.string(),
  variables: z.record(z.string(), z.unknown()).nullish(),
  operationName: z.string().nullish(),
});

const read = async (incoming: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = [];
  let size = 0;
  // Left undestroyed when it is too long, so that the refusal still reaches whoever sent it.
  for await (const chunk of incoming.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > BODY_LIMIT_BYTES) throw new TooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
};

const answer = (outgoing: ServerResponse, status: number, body: unknown): void => {
  outgoing.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
};

const refusal = (error: unknown): { status: number; code: ErrorCode } => {
  if (error instanceof HouseError && error.code === 'UNAUTHENTICATED') return { status: 401, code: error.code };
  if (error instanceof TooLarge) return { status: 413, code: 'BAD_USER_INPUT' };
  if (error instanceof SyntaxError || error instanceof z.ZodError) return { status: 400, code: 'BAD_USER_INPUT' };
  return { status: 500, code: 'INTERNAL' };
};

/**
 * Puts a subgraph behind HTTP. Nothing is executed for a request without a principal that one of our own services
 * signed for this very body: anybody else gets 401.
 */
export const serveSubgraph = async ({
  subgraph,
  verify,
  port,
  host = '127.0.0.1',
  log,
}: {
  subgraph: Subgraph;
  verify: VerifyPrincipal;
  port: number;
  host?: string;
  log: Log;
}): Promise<{ url: string; close(): Promise<void> }> => {
  const handle = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    if (incoming.method !== 'POST' || incoming.url !== '/graphql')
      return answer(outgoing, 404, { errors: [{ message: 'Not found' }] });
    const body = await read(incoming);
    const principal = verify(String(incoming.headers['x-principal'] ?? ''), body);
    const { query, variables, operationName } = requestBody.parse(JSON.parse(body));
    const traceId = String(incoming.headers['x-trace-id'] ?? '');
    answer(
      outgoing,
      200,
      await subgraph.execute({
        query,
        variables: variables ?? undefined,
        operationName: operationName ?? undefined,
        principal,
        traceId,
      }),
    );
  };
  const server = createServer(
    { headersTimeout: 5_000, requestTimeout: 15_000, connectionsCheckingInterval: 1_000 },
    (incoming, outgoing) => {
      handle(incoming, outgoing).catch((error: unknown) => {
        const { status, code } = refusal(error);
        log.warn('subgraph-request-refused', { status, code, error });
        // The rest of a body that was not read to its end cannot be told from the next request.
        if (!incoming.complete) outgoing.setHeader('connection', 'close');
        if (!outgoing.headersSent) answer(outgoing, status, { errors: [{ message: 'Refused', extensions: { code } }] });
        else outgoing.destroy();
      });
    },
  );
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  const { port: bound } = server.address() as AddressInfo;
  return {
    url: `http://${host}:${bound}/graphql`,
    close: () =>
      new Promise<void>((resolve, reject) => {
        server.close((error) => (error ? reject(error) : resolve()));
        server.closeIdleConnections();
      }),
  };
};
