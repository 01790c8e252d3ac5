/**
 * Whatever a document hides its fields in, the verdict is about what would be resolved: graphql-js itself, over a schema
 * whose every list holds every possible type, says what that is.
 */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import {
  buildSchema,
  type ExecutionResult,
  execute,
  type GraphQLOutputType,
  type GraphQLSchema,
  getNamedType,
  isAbstractType,
  isListType,
  isNonNullType,
  isObjectType,
  parse,
  validate,
} from 'graphql';
import { anyDocument } from '../test/any-document.ts';
import { composeSupergraph, type House, startHouse } from '../test/house.ts';
import { createChance } from '../test/seeded.ts';
import { readRequirements } from './directives.ts';

const DOCUMENTS = 400;
/** Half a minute is too short on a machine that does much besides. */
const LIMIT_MS = 120_000;
const SCOPES = ['premises:read', 'audit:read', 'audit:read:own', 'access:open', 'vehicle:write', 'vehicle:read'];
const { requirements, sdl } = readRequirements(composeSupergraph());
const schema = buildSchema(sdl, { assumeValidSDL: true });

let house: House;
beforeAll(async () => {
  house = await startHouse({ introspection: false, limits: {} });
});
afterAll(() => house.close());

const everything = (type: GraphQLOutputType, within: GraphQLSchema): unknown => {
  if (isNonNullType(type)) return everything(type.ofType, within);
  if (!isListType(type)) return isObjectType(type) ? { __typename: type.name } : 'value';
  const inner = getNamedType(type);
  return isAbstractType(inner)
    ? within.getPossibleTypes(inner).map(({ name }) => ({ __typename: name }))
    : [everything(type.ofType, within)];
};

const resolvedBy = async (query: string, variableValues: Readonly<Record<string, unknown>>) => {
  const resolved = new Set<string>();
  const result: ExecutionResult = await execute({
    schema,
    document: parse(query),
    variableValues,
    fieldResolver: (_source, _args, _context, info) => {
      resolved.add(`${info.parentType.name}.${info.fieldName}`);
      return everything(info.returnType, info.schema);
    },
  });
  return { resolved: [...resolved], isExecuted: result.data !== undefined };
};

const isOpen = (coordinate: string, scopes: readonly string[]): boolean => {
  const [type = '', field = ''] = coordinate.split('.');
  const requirement = requirements.get(type)?.get(field);
  if (!requirement) return type !== 'Query' && type !== 'Mutation';
  return requirement.scopes?.some((all) => all.every((scope) => scopes.includes(scope))) ?? true;
};

test(
  `${DOCUMENTS} documents that hide what they ask for are refused exactly when a field is closed`,
  async () => {
    const chance = createChance(20_261_124);
    const seen = { 200: 0, 403: 0 };
    for (let n = 0; n < DOCUMENTS; n += 1) {
      const { query, variables } = anyDocument(schema, chance);
      if (validate(schema, parse(query)).length > 0) continue;
      const scopes = SCOPES.filter(() => chance.happens(0.7));
      const { resolved, isExecuted } = await resolvedBy(query, variables);
      house.asked.length = 0;
      const claims = { scope: scopes.join(' '), roles: ['resident', 'auditor'] };
      const { status, codes } = await house.ask({ query, variables }, { claims });
      // Too much at once is refused before it is looked at.
      if (codes.includes('QUERY_TOO_COMPLEX')) continue;
      const expected = isExecuted ? (resolved.every((one) => isOpen(one, scopes)) ? 200 : 403) : 400;
      expect({ query, variables, scopes, status }).toEqual({ query, variables, scopes, status: expected });
      if (status !== 200) expect(house.asked).toEqual([]);
      if (status === 200 || status === 403) seen[status] += 1;
    }
    // Otherwise the documents would have proved nothing.
    expect(seen[200]).toBeGreaterThan(100);
    expect(seen[403]).toBeGreaterThan(100);
  },
  LIMIT_MS,
);
