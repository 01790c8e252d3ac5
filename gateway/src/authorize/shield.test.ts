import { describe, expect, test } from '@jest/globals';
import { buildSchema, type GraphQLResolveInfo } from 'graphql';
import { allow, and, chain, createGuards, deny, or, race, rule, type ShieldRule } from './shield.ts';

const schema = buildSchema('type Query { field: String other: String }');
const refusal = new Error('refused');
const yes = rule('yes', { cache: 'no_cache' })(() => true);
const no = rule('no', { cache: 'no_cache' })(() => false);
const broken = rule('broken', { cache: 'no_cache' })(() => {
  throw new Error('the rule itself failed');
});

const ask = (field: ShieldRule | undefined, debug = false) => {
  const tree = { Query: field ? { field } : {} };
  const guard = createGuards({ tree, schema, fallbackRule: deny, fallbackError: refusal, debug }).of('Query', 'field');
  return guard?.(() => 'let through', {}, {}, {}, {} as GraphQLResolveInfo);
};

describe('graphql-shield on this Node', () => {
  test.each<[string, ShieldRule]>([
    ['a rule', yes],
    ['allow', allow],
    ['and', and(yes, yes)],
    ['or', or(no, yes)],
    // These two need `util.isUndefined`, which Node 23 took away.
    ['chain', chain(yes, yes)],
    ['race', race(no, yes)],
  ])('lets through by %s', async (_name, field) => expect(await ask(field)).toBe('let through'));

  test.each<[string, ShieldRule | undefined]>([
    ['a rule', no],
    ['a rule that throws', broken],
    ['deny', deny],
    ['and', and(yes, no)],
    ['or', or(no, no)],
    ['or of nothing', or()],
    ['chain', chain(yes, no, broken)],
    ['race', race(no, no)],
    ['the absence of a rule', undefined],
  ])('refuses by %s', async (_name, field) => expect(await ask(field)).toBe(refusal));

  test('refuses a tree that names what the schema does not have', () => {
    const options = { schema, fallbackRule: deny, fallbackError: refusal };
    expect(() => createGuards({ ...options, tree: { Query: { nope: yes } } })).toThrow('Query.nope');
    expect(() => createGuards({ ...options, tree: { Nope: { field: yes } } })).toThrow('Nope');
  });

  test('has no guard for what it does not know', () => {
    const guards = createGuards({ tree: {}, schema, fallbackRule: deny, fallbackError: refusal });
    for (const [type, field] of [
      ['Query', 'constructor'],
      ['constructor', 'name'],
      ['Query', '__schema'],
    ] as const)
      expect(guards.of(type, field)).toBeUndefined();
  });

  test('lets the error of a rule out when told so', async () => {
    await expect(ask(broken, true)).rejects.toThrow('the rule itself failed');
  });
});
