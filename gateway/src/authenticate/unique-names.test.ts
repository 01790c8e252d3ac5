import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { hasUniqueNames } from './unique-names.ts';

test.each([
  '{}',
  '[]',
  'null',
  '"a"',
  '{"a":1,"b":1}',
  '{"a":{"a":{"a":1}},"b":{"a":1}}',
  '[{"a":1},{"a":1}]',
  '{"a":"a","b":["a","a","b"]}',
  '{"a":"{\\"a\\":1,\\"a\\":2}"}',
  '{"a":"\\\\","b":"\\"","":1}',
  ' { "a" : 1 , "A" : 2 }\n',
])('%s names each member once', (json) => expect(hasUniqueNames(json)).toBe(true));

test.each([
  '{"a":1,"a":1}',
  '{"a":1,"b":2,"a":3}',
  '{"a":1,"\\u0061":2}',
  '{"":1,"":2}',
  '{"b":{"a":1,"c":[{}],"a":1}}',
  '[[{"a":[],"b":{},"a":[]}]]',
  '{"\\"":1,"\\u0022":2}',
  '{"__proto__":1,"__proto__":2}',
])('%s names one twice', (json) => expect(hasUniqueNames(json)).toBe(false));

test('whatever JSON.stringify writes names each member once; with any member written again it does not', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue(), { minKeys: 1 }), (object) => {
      const json = JSON.stringify(object);
      const [name = ''] = Object.keys(object);
      expect(hasUniqueNames(json)).toBe(true);
      expect(hasUniqueNames(`${json.slice(0, -1)},${JSON.stringify(name)}:null}`)).toBe(false);
    }),
    { numRuns: 2_000 },
  );
});
