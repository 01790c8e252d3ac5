/** From Node's request to the platform and back. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { type Answer, contentOf } from '../exchange.ts';
import type { Outcome, Platform } from '../platform.ts';
import { readBody } from './body.ts';
import { receivedOf } from './received.ts';

const write = (response: ServerResponse, answer: Answer): void => {
  const { status, headers, contentType } = answer;
  const content = contentOf(answer);
  if (content === undefined) return void response.writeHead(status, headers).end();
  response.writeHead(status, {
    ...headers,
    'Content-Type': contentType ?? 'application/json',
    'Content-Length': String(content.length),
  });
  response.end(content);
};

export const createServe = (deps: {
  platform: Platform;
  reset: (socket: Socket) => void;
  failed: (error: unknown) => void;
}) => {
  const { platform, reset, failed } = deps;
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const raw = await readBody(request);
    const received = receivedOf(request, raw ?? Buffer.alloc(0));
    const outcome: Outcome = raw
      ? await platform.serve(received, () => request.socket.destroy())
      : await platform.refuseTooLarge(received);
    if (outcome.kind === 'reset') reset(request.socket);
    // A client that has gone gets nothing, whatever has happened meanwhile.
    else if (outcome.kind === 'answer' && !response.destroyed) write(response, outcome.answer);
  };
  return (request: IncomingMessage, response: ServerResponse): void => {
    serve(request, response).catch((error: unknown) => {
      // A connection that broke while its request was being read is the client's affair.
      if (!request.destroyed) failed(error);
      request.socket.destroy();
    });
  };
};
