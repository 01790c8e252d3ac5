/** The OpenAPI documents of the platform, read once, and a way to walk them: a node is always named by its pointer. */
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import type { ApiVersion } from '../ledger.ts';

export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };
export type JsonObject = { readonly [name: string]: Json };

/** A place in a document: its value and its JSON pointer, references followed. */
export type Node = { pointer: string; value: JsonObject };

const escapeToken = (token: string): string => token.replaceAll('~', '~0').replaceAll('/', '~1');
const unescapeToken = (token: string): string => token.replaceAll('~1', '/').replaceAll('~0', '~');

/** An array too: its members are named by their indices. */
const isObject = (value: Json | undefined): value is JsonObject => typeof value === 'object' && value !== null;

const lookUp = (document: JsonObject, pointer: string): Json | undefined => {
  let value: Json | undefined = document;
  for (const token of pointer.split('/').slice(1)) {
    if (!isObject(value)) return undefined;
    value = value[unescapeToken(token)];
  }
  return value;
};

export type OpenApi = {
  version: ApiVersion;
  document: JsonObject;
  /** The member of a node, or undefined; a `$ref` is followed. */
  member(node: Node, ...tokens: readonly string[]): Node | undefined;
  root: Node;
};

const createOpenApi = (version: ApiVersion, document: JsonObject): OpenApi => {
  const follow = (pointer: string): Node | undefined => {
    const value = lookUp(document, pointer);
    if (!isObject(value)) return undefined;
    return typeof value.$ref === 'string' && Object.keys(value).length === 1
      ? follow(value.$ref.slice(1))
      : { pointer, value };
  };
  return {
    version,
    document,
    root: { pointer: '', value: document },
    member: (node, ...tokens) =>
      tokens.reduce<Node | undefined>(
        (parent, token) => parent && follow(`${parent.pointer}/${escapeToken(token)}`),
        node,
      ),
  };
};

const ADDRESSES = {
  v1: () => import.meta.resolve('@house/schema/platform/v1.yaml'),
  v2: () => import.meta.resolve('@house/schema/platform/v2.yaml'),
};
const read = (version: ApiVersion): OpenApi => {
  const text = readFileSync(new URL(ADDRESSES[version]()), 'utf8');
  return createOpenApi(version, parse(text, { maxAliasCount: 0 }) as JsonObject);
};

const kept = new Map<ApiVersion, OpenApi>();

/** Read at first use and then kept for the process: a document does not change while it runs. */
export const openApi = (version: ApiVersion): OpenApi => {
  const known = kept.get(version);
  if (known) return known;
  const loaded = read(version);
  kept.set(version, loaded);
  return loaded;
};
