/** Bodies as they arrive. */
import type { IncomingMessage } from 'node:http';

const BODY_LIMIT_BYTES = 1024 * 1024;

/** Undefined for one that is larger than the limit; the rest of it is read and dropped, so that an answer gets out. */
export const readBody = (request: IncomingMessage): Promise<Buffer | undefined> =>
  new Promise((resolve, reject) => {
    let size = 0;
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= BODY_LIMIT_BYTES) chunks.push(chunk);
    });
    request.once('end', () => resolve(size > BODY_LIMIT_BYTES ? undefined : Buffer.concat(chunks)));
    request.once('error', reject);
  });

export const mediaTypeOf = (contentType: string | undefined): string | undefined =>
  contentType?.split(';', 1)[0]?.trim().toLowerCase();

/**
 * A body by its media type: JSON and forms are parsed, anything else stays bytes. Undefined without a body,
 * `malformed` for what is not what it says it is.
 */
export const parseBody = (raw: Buffer, mediaType: string | undefined): { body: unknown } | 'malformed' => {
  if (raw.length === 0) return { body: undefined };
  if (mediaType === 'application/x-www-form-urlencoded')
    return { body: Object.fromEntries(new URLSearchParams(raw.toString('utf8'))) };
  if (mediaType !== 'application/json' && !mediaType?.endsWith('+json')) return { body: raw };
  try {
    return { body: JSON.parse(raw.toString('utf8')) };
  } catch {
    return 'malformed';
  }
};
