import type { IncomingMessage } from 'node:http';

/** The whole body; undefined when it is longer than the limit. Rejects when it does not come to an end. */
export const readBody = async (incoming: IncomingMessage, limitBytes: number): Promise<Buffer | undefined> => {
  const chunks: Buffer[] = [];
  let size = 0;
  // Left undestroyed when it is too long, so that the refusal still reaches whoever sent it.
  for await (const chunk of incoming.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > limitBytes) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
};
