/**
 * One address in front of several processes: connections go round, past a process that is down. Nothing is repeated
 * and nothing is buffered: a connection that breaks behind breaks in front too.
 */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export type Balancer = { readonly port: number; close(): Promise<void> };

export const startBalancer = async (ports: readonly number[]): Promise<Balancer> => {
  const sockets = new Set<Socket>();
  let turn = 0;

  const keep = (socket: Socket): void => {
    sockets.add(socket);
    socket.setNoDelay();
    socket.once('close', () => sockets.delete(socket));
  };

  /** @param start whose turn it was when the connection came: others that come meanwhile must not make it ask one twice. */
  const reach = (front: Socket, start: number, attempt = 0): void => {
    const port = ports[(start + attempt) % ports.length];
    if (attempt === ports.length || port === undefined || front.destroyed) return void front.destroy();
    const back = connect({ port, host: '127.0.0.1' });
    const refused = () => reach(front, start, attempt + 1);
    back.once('error', refused);
    back.once('connect', () => {
      back.off('error', refused);
      keep(back);
      back.on('error', () => undefined);
      back.once('close', () => front.destroy());
      front.once('close', () => back.destroy());
      if (front.destroyed) back.destroy();
      front.pipe(back).pipe(front);
    });
  };

  const server = createServer({ noDelay: true }, (front) => {
    keep(front);
    front.on('error', () => undefined);
    reach(front, turn++);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
};
