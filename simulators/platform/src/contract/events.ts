/** Events held to the document of v2, each to the schema of its own type, so that a finding names a member. */
import type { ValidateFunction } from 'ajv/dist/2020.js';
import { compileSchema, type Finding, findingsOf } from './checks.ts';
import { type Node, openApi } from './documents.ts';

const typesOf = (node: Node | undefined): readonly string[] => {
  const { const: one, enum: many } = node?.value ?? {};
  return typeof one === 'string' ? [one] : Array.isArray(many) ? many.map(String) : [];
};

const compile = (): ReadonlyMap<string, ValidateFunction> => {
  const { member, root } = openApi('v2');
  const union = member(root, 'components', 'schemas', 'Event', 'oneOf');
  const schemas = Object.keys(union?.value ?? {}).flatMap((index) => (union && member(union, index)) ?? []);
  return new Map(
    schemas.flatMap((schema) =>
      typesOf(member(schema, 'properties', 'type')).map((type) => [type, compileSchema('v2', schema.pointer)] as const),
    ),
  );
};
let kept: ReadonlyMap<string, ValidateFunction> | undefined;

/** As the log would tell it. */
export const checkEvent = (event: { type: string }): readonly Finding[] => {
  kept ??= compile();
  const validate = kept.get(event.type);
  if (!validate) return [{ at: 'type', rule: 'must be one that the contract lists', keyword: 'enum' }];
  return validate(event) ? [] : findingsOf(validate.errors, '');
};
