/** One request and its answer, between the listener and the rooms that serve it. */
import type { ApiVersion } from './ledger.ts';

export type Received = {
  method: string;
  /** Without the query. */
  path: string;
  query: URLSearchParams;
  /** What follows the question mark, as it was sent; empty for nothing. */
  search: string;
  /** Names in lower case. */
  headers: Readonly<Record<string, string>>;
  raw: Buffer;
  tlsVersion: string | null;
  /** SHA-256 of the client's certificate in base64url, as `x5t#S256`; null when it came without one. */
  clientCertificate: string | null;
  /** Whether that certificate is of an authority that the platform trusts, and of now. */
  certificateTrusted: boolean;
  /** The `host:port` that the client called. */
  authority: string;
};

export type Answer = {
  status: number;
  headers?: Record<string, string>;
  /** Sent as JSON; absent for no body. */
  body?: unknown;
  /** Sent as it is, in place of `body`. */
  text?: string;
  /** A picture, in place of either. */
  bytes?: Buffer;
  contentType?: string;
  /** When what was promised has come to its end: an after-effect fault waits for it. */
  settled?: Promise<void>;
  /** The promise that a repeat of the request is answered with; the same answer again when absent. */
  operationId?: string;
  /** The body that a repeat is answered with, where a secret is told once. */
  repeatBody?: unknown;
  /** Called once, when the answer goes out or is lost on purpose. */
  concluded?: () => void;
  /** Broken on purpose (a fault, a quirk): not held to the contract. */
  deliberate?: boolean;
};

/** The bytes of an answer; undefined for one without a body. */
export const contentOf = ({ bytes, text, body }: Answer): Buffer | undefined => {
  if (bytes) return bytes;
  const written = text ?? (body === undefined ? undefined : JSON.stringify(body));
  return written === undefined ? undefined : Buffer.from(written);
};

/** What a handler gets: a request that the contract has been held to. */
export type Call = {
  received: Received;
  apiVersion: ApiVersion;
  /** Path and query parameters, decoded, with the types that the contract gives them. */
  params: Readonly<Record<string, unknown>>;
  query: Readonly<Record<string, unknown>>;
  /** Parsed by its media type; undefined without a body. */
  body: unknown;
  /** Who calls: on v2 the client whose signature it is, on v1 empty where the contract asks for nobody. */
  clientId: string;
  /** Of the request that its idempotency key stands for; null where no key is asked for or known. */
  fingerprint: string | null;
  /** 32 hexadecimal digits: the caller's, or our own. */
  traceId: string;
};

export type Handler = (call: Call) => Answer | Promise<Answer>;

/** The handlers of a room by `operationId`. */
export type Handlers = Readonly<Record<string, Handler>>;
