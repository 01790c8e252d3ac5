import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { GatewayOptions } from './gateway.ts';
import { COP_CHECKS, type CopCheck, type Probe, type Reply } from './test/cop-checks.ts';
import { type House, startHouse } from './test/house.ts';

const directory = join(dirname(createRequire(import.meta.url).resolve('@house/schema/roles.ts')), 'registry');
const explorer = { mode: 'auto' as const, token: async () => 'a.b.c' };

/** What main.ts makes of each profile; `unlisted` is production but for its list, to see what that alone keeps out. */
const PROFILES = {
  production: { documents: { mode: 'required', directory }, introspection: false, development: false },
  unlisted: { documents: { mode: 'off', directory }, introspection: false, development: false },
  development: { documents: { mode: 'off', directory }, introspection: true, development: true, explorer },
} as const satisfies Record<string, Partial<GatewayOptions>>;
type Profile = keyof typeof PROFILES;

/** What the auditor finds in each, signed in or not. In development it is meant to: a newcomer asks by hand. */
const OPEN: Record<Profile, readonly string[]> = {
  production: [],
  unlisted: [],
  development: ['field suggestions', 'introspection', 'a workshop in the browser'],
};

const houses = new Map<Profile, House>();
beforeAll(async () => {
  for (const [profile, options] of Object.entries(PROFILES)) houses.set(profile as Profile, await startHouse(options));
});
afterAll(async () => {
  for (const house of houses.values()) await house.close();
});

const ask = async (house: House, probe: Probe, signedIn: boolean): Promise<Reply> => {
  const url = new URL(probe.path ?? '/graphql', house.url);
  url.search = String(new URLSearchParams(probe.search));
  const authorization = `Bearer ${house.issuer.token()}`;
  const response = await fetch(url, {
    method: probe.method,
    headers: { ...(signedIn && { authorization }), ...probe.headers },
    ...(probe.body !== undefined && { body: probe.body }),
  });
  const text = await response.text();
  try {
    return { status: response.status, text, json: JSON.parse(text) };
  } catch {
    return { status: response.status, text, json: undefined };
  }
};

const isOpen = async (profile: Profile, { probes, isOpen: finds }: CopCheck, signedIn = true): Promise<boolean> => {
  const house = houses.get(profile);
  if (!house) throw new Error(`no house of ${profile}`);
  house.asked.length = 0;
  for (const probe of probes) if (finds(await ask(house, probe, signedIn))) return true;
  return false;
};

test('the auditor has thirteen checks', () => {
  expect(new Set(COP_CHECKS.map(({ name }) => name)).size).toBe(13);
});

describe('in production', () => {
  test.each(COP_CHECKS)('$name ($harm) is closed, and no subgraph hears of it', async (check) => {
    for (const signedIn of [true, false]) {
      expect(await isOpen('production', check, signedIn)).toBe(false);
      expect(houses.get('production')?.asked).toHaveLength(0);
    }
  });
});

test.each(Object.keys(PROFILES) as Profile[])(
  'in the profile %s the auditor finds what is known and no more',
  async (profile) => {
    const found: string[] = [];
    for (const check of COP_CHECKS) if (await isOpen(profile, check)) found.push(check.name);
    process.stdout.write(
      `graphql-cop: ${profile}: ${COP_CHECKS.length - found.length} of ${COP_CHECKS.length} closed\n`,
    );
    expect(found).toEqual(OPEN[profile]);
  },
);

test('every check can find something: each answer that it looks for is one that it takes for open', () => {
  const open: Record<string, unknown> = {
    'alias overloading': { data: { alias100: 'Query' } },
    'array batching': Array.from({ length: 11 }, () => ({ data: { __typename: 'Query' } })),
    'directive overloading': { errors: Array.from({ length: 10 }, () => ({ message: 'x' })) },
    'circular query by introspection': { data: { __schema: { types: [{}] } } },
    'field duplication': { data: { __typename: 'Query' } },
    'field suggestions': { errors: [{ message: 'Did you mean "directives"?' }] },
    introspection: { data: { __schema: { types: [{}] } } },
    'a workshop in the browser': '<title>GraphiQL</title>',
    'trace mode': { errors: [{ extensions: { exception: { stacktrace: [] } } }] },
    'unhandled errors': { errors: [{ extensions: { exception: {} } }] },
    'queries by GET': { data: { __typename: 'Query' } },
    'mutations by GET': { data: { __typename: 'Mutation' } },
    'a form by POST': { data: { __typename: 'Query' } },
  };
  for (const { name, isOpen: finds } of COP_CHECKS)
    expect([name, finds({ status: 200, text: JSON.stringify(open[name]), json: open[name] })]).toEqual([name, true]);
});
