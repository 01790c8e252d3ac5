/**
 * Whether each object names each of its members once (RFC 7515 §4, RFC 7519 §4). `JSON.parse` takes the last of several
 * without a word, another parser the first: two readers of one signature would then have read two different things.
 */

/** Strings, and the signs between which they stand; numbers and words need no looking at. */
const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\],:]/gs;

/** @param json valid JSON. */
export const hasUniqueNames = (json: string): boolean => {
  const open: (Set<unknown> | undefined)[] = [];
  let mayBeName = false;
  for (const [token] of json.matchAll(TOKEN)) {
    const names = open.at(-1);
    if (token === '{' || token === '[') open.push(token === '{' ? new Set() : undefined);
    else if (token === '}' || token === ']') open.pop();
    else if (mayBeName && names && token.startsWith('"')) {
      // Escapes are read first: `"a"` and `"\u0061"` are one name.
      const name: unknown = JSON.parse(token);
      if (names.has(name)) return false;
      names.add(name);
    }
    mayBeName = token === '{' || token === ',';
  }
  return true;
};
