/** From a method and a path to the operation of the contract that they name. */
import type { JsonObject, Node, OpenApi } from './documents.ts';

const METHODS = ['get', 'put', 'post', 'patch', 'delete'] as const;

export type Route = {
  openApi: OpenApi;
  operationId: string;
  /** In upper case. */
  method: string;
  /** As the document writes it. */
  template: string;
  operation: Node;
  parameters: readonly Node[];
  /** The scopes that a bearer token must carry; undefined where no token is asked for. */
  scopes: readonly string[] | undefined;
};
export type Routes = {
  /** `params` are decoded; undefined when the document has no such path or method. */
  find(method: string, path: string): { route: Route; params: Readonly<Record<string, string>> } | undefined;
  all: readonly Route[];
};

/** Names of the security schemes that are a bearer token, in either document. */
const BEARERS = ['accessToken', 'bearer'];

const scopesOf = (openApi: OpenApi, operation: JsonObject): readonly string[] | undefined => {
  const requirements = (operation.security ?? openApi.document.security ?? []) as readonly JsonObject[];
  for (const requirement of requirements)
    for (const name of BEARERS) if (name in requirement) return requirement[name] as readonly string[];
  return undefined;
};

const parametersOf = (openApi: OpenApi, node: Node): readonly Node[] => {
  const listed = node.value.parameters;
  if (!Array.isArray(listed)) return [];
  return listed.flatMap((_, index) => openApi.member(node, 'parameters', String(index)) ?? []);
};

const readRoutes = (openApi: OpenApi): readonly Route[] => {
  const paths = openApi.member(openApi.root, 'paths');
  return Object.keys(paths?.value ?? {}).flatMap((template) => {
    const item = paths && openApi.member(paths, template);
    if (!item) return [];
    return METHODS.flatMap((method): Route[] => {
      const operation = openApi.member(item, method);
      if (!operation) return [];
      return [
        {
          openApi,
          operationId: String(operation.value.operationId),
          method: method.toUpperCase(),
          template,
          operation,
          parameters: [...parametersOf(openApi, item), ...parametersOf(openApi, operation)],
          scopes: scopesOf(openApi, operation.value),
        },
      ];
    });
  });
};

const escapePattern = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** `{name}` takes one segment, or what of it precedes a suffix such as `:rotate-secret`. */
const patternOf = (template: string): RegExp =>
  new RegExp(
    `^${template
      .split(/(\{[^}]+\})/)
      .map((part) => (part.startsWith('{') ? `(?<${part.slice(1, -1)}>[^/]+)` : escapePattern(part)))
      .join('')}$`,
  );

const decode = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
};

/** What is written out wins over a parameter: `/faces/{ref}:upload-slot` over `/faces/{ref}`. */
const specificFirst = (one: Route, other: Route): number =>
  one.template.split('{').length - other.template.split('{').length || other.template.length - one.template.length;

export const createRoutes = (documents: readonly OpenApi[]): Routes => {
  const all = documents.flatMap(readRoutes);
  const buckets = new Map<string, { route: Route; pattern: RegExp }[]>();
  const bucketOf = (method: string, path: string) => `${method} ${path.split('/').length}`;
  for (const route of all.toSorted(specificFirst)) {
    const name = bucketOf(route.method, route.template);
    const bucket = buckets.get(name) ?? [];
    bucket.push({ route, pattern: patternOf(route.template) });
    buckets.set(name, bucket);
  }
  return {
    all,
    find(method, path) {
      for (const { route, pattern } of buckets.get(bucketOf(method, path)) ?? []) {
        const match = pattern.exec(path);
        if (!match) continue;
        const params = Object.entries(match.groups ?? {}).map(([name, value]) => [name, decode(value)] as const);
        return { route, params: Object.fromEntries(params) };
      }
      return undefined;
    },
  };
};
