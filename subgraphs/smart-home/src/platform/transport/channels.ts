/**
 * Connections to the platform: TLS 1.2 at least, our certificate shown, its name, chain and pinned key checked on each of
 * them before a byte of a request is written. When a file of this trust changes, new requests get new connections, and those
 * under way finish on the old ones.
 */
import { createSecureContext } from 'node:tls';
import { Agent, buildConnector, type Dispatcher } from 'undici';
import type { Alarms } from './alarms.ts';
import { pinOfPeer, UnpinnedKey } from './pins.ts';
import type { PlatformTrust, TlsMaterial } from './trust.ts';

/** Connections that all show the same certificate. */
export type Channel = {
  dispatcher: Dispatcher;
  /** `x5t#S256` of the certificate that they show; undefined for none. */
  certificate: string | undefined;
};

export type Channels = {
  /** For one request, at once: the next call may answer with another. */
  current(): Channel;
  close(): Promise<void>;
};

/** A TLS handshake on a healthy network takes a fraction of this. */
const CONNECT_LIMIT_MS = 1_500;
/** Lists of one unit are a few kilobytes; a megabyte is not an answer of this contract. */
const ANSWER_LIMIT_BYTES = 1_000_000;

/** The pins are those of the moment, however long a request has waited for its connection. */
const createConnector = (
  { ca, cert, key }: TlsMaterial,
  { tls, alarms }: { tls: PlatformTrust['tls']; alarms: Alarms },
): buildConnector.connector => {
  const connect = buildConnector({
    timeout: CONNECT_LIMIT_MS,
    // Made once: for each connection the files would be parsed anew.
    secureContext: createSecureContext({
      minVersion: 'TLSv1.2',
      ...(ca !== undefined && { ca }),
      ...(cert !== undefined && { cert }),
      ...(key !== undefined && { key }),
    }),
    rejectUnauthorized: true,
    allowH2: false,
    // A resumed session would show what was checked when it began.
    maxCachedSessions: 0,
  });
  return (options, callback) =>
    connect(options, (...connected) => {
      const [error, socket] = connected;
      if (error) return callback(error, null);
      if (options.protocol !== 'https:' || !tls().pins) return callback(null, socket);
      const pin = pinOfPeer(socket);
      const isPinned = (maxAgeMs?: number): boolean => pin !== undefined && tls(maxAgeMs).pins?.has(pin) === true;
      if (isPinned() || isPinned(0)) {
        alarms.pinned();
        return callback(null, socket);
      }
      socket.destroy();
      alarms.unpinned({ address: `${options.hostname}:${options.port}`, reason: pin ?? 'no certificate' });
      return callback(new UnpinnedKey(pin), null);
    });
};

export const createChannels = ({ tls, alarms }: { tls: PlatformTrust['tls']; alarms: Alarms }): Channels => {
  const draining = new Set<Promise<void>>();
  let open: { material: TlsMaterial; agent: Agent } | undefined;

  /** Resolves when what was under way has been answered. */
  const drain = (agent: Agent): void => {
    const drained: Promise<void> = agent
      .close()
      .catch(() => undefined)
      .finally(() => draining.delete(drained));
    draining.add(drained);
  };

  return {
    current: () => {
      const material = tls();
      if (open?.material !== material) {
        if (open) drain(open.agent);
        const connect = createConnector(material, { tls, alarms });
        open = {
          material,
          agent: new Agent({ connections: 32, pipelining: 1, maxResponseSize: ANSWER_LIMIT_BYTES, connect }),
        };
      }
      return { dispatcher: open.agent, certificate: material.thumbprint };
    },
    close: async () => {
      if (open) drain(open.agent);
      open = undefined;
      await Promise.all(draining);
    },
  };
};
