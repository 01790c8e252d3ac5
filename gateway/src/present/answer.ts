/** Writes answers of the public listener: what Apollo Server made, and refusals that came before it. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { HTTPGraphQLResponse } from '@apollo/server';
import { type HttpRefusal, headersOf } from '../refusal.ts';
import { ANSWER_HEADERS } from './headers.ts';

/** The media type of GraphQL over HTTP where the client knows it, else plain JSON. */
const mediaTypeFor = ({ headers }: IncomingMessage): string =>
  headers.accept?.includes('application/graphql-response+json')
    ? 'application/graphql-response+json'
    : 'application/json';

const send = (
  outgoing: ServerResponse,
  status: number,
  headers: Readonly<Record<string, string>>,
  text: string,
): void => {
  outgoing.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(text) }).end(text);
};

export const answerGraphql = (outgoing: ServerResponse, { status = 200, headers, body }: HTTPGraphQLResponse): void => {
  if (body.kind !== 'complete') throw new TypeError('expected a complete answer: this gateway streams nothing here');
  send(outgoing, status, { ...Object.fromEntries(headers), ...ANSWER_HEADERS }, body.string);
};

export const answerRefusal = (
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  { error, status, headers }: HttpRefusal,
): void => {
  const { message, code, retryAfterSeconds } = error;
  const extensions = { code, ...(retryAfterSeconds !== undefined && { retryAfterSeconds }) };
  const contentType = `${mediaTypeFor(incoming)}; charset=utf-8`;
  const text = `${JSON.stringify({ errors: [{ message, extensions }] })}\n`;
  send(outgoing, status, { 'content-type': contentType, ...ANSWER_HEADERS, ...headersOf(error), ...headers }, text);
};
