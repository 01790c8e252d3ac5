/** The control plane's own listener: plain HTTP, loopback only. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readBody } from '../http/body.ts';
import type { ControlAnswer, createControl } from './control.ts';

const PREFIX = '/_sim';

export type ControlListener = { listen(port: number): Promise<number>; close(): Promise<void> };

export const createControlListener = (deps: {
  control: ReturnType<typeof createControl>;
  failed: (error: unknown) => void;
}): ControlListener => {
  const { control, failed } = deps;

  const answerOf = async (request: IncomingMessage): Promise<ControlAnswer> => {
    const url = new URL(request.url ?? '/', 'http://127.0.0.1');
    if (url.pathname !== PREFIX && !url.pathname.startsWith(`${PREFIX}/`))
      return { status: 404, body: { error: `everything is below ${PREFIX}` } };
    const raw = await readBody(request);
    if (raw === undefined) return { status: 413, body: { error: 'the body is larger than 1 MiB' } };
    let body: unknown;
    try {
      body = raw.length === 0 ? undefined : JSON.parse(raw.toString('utf8'));
    } catch {
      return { status: 400, body: { error: 'the body is not JSON' } };
    }
    const path = url.pathname.slice(PREFIX.length).replace(/\/$/, '');
    return control({ method: request.method ?? 'GET', path: path === '' ? '/' : path, query: url.searchParams, body });
  };

  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    const write = ({ status, body }: ControlAnswer) =>
      response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
    answerOf(request).then(write, (error: unknown) => {
      failed(error);
      write({ status: 500, body: { error: 'the simulator failed: see its log' } });
    });
  });
  return {
    listen: (port) =>
      new Promise((resolve, reject) => {
        server.once('error', reject);
        server.listen(port, '127.0.0.1', () => {
          server.off('error', reject);
          resolve((server.address() as AddressInfo).port);
        });
      }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};
