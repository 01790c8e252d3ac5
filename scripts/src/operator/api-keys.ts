/** `api-key issue | list | rotate <id> | revoke <id>`, wherever the database is. */
import { parseArgs } from 'node:util';
import { isApiKeyId } from '@house/gateway/authenticate/api-key-text';
import {
  ApiKeyRefusal,
  type ApiKeys,
  type ApiKeyTerms,
  apiKeyDays,
  apiKeyOverlapHours,
  apiKeyTerms,
  type NewApiKey,
} from '@house/gateway/authenticate/api-keys';
import { z } from 'zod';
import { OperatorRefusal, type ServeOperator } from './socket.ts';

/** What an operator typed is no such command; in words that say what is. */
export class UsageError extends OperatorRefusal {}

type Command =
  | { readonly verb: 'issue'; readonly terms: ApiKeyTerms }
  | { readonly verb: 'list'; readonly client: string | undefined }
  | { readonly verb: 'rotate'; readonly id: string; readonly overlapHours: number; readonly days: number | undefined }
  | { readonly verb: 'revoke'; readonly id: string };

const FLAGS = {
  issue: ['client', 'complex', 'scopes', 'networks', 'days', 'certificate'],
  list: ['client'],
  rotate: ['overlap-hours', 'days'],
  revoke: [],
} as const;
type Verb = keyof typeof FLAGS;

const OVERLAP_HOURS = 24;

const rotation = z.object({
  'overlap-hours': apiKeyOverlapHours.default(OVERLAP_HOURS),
  days: apiKeyDays.optional(),
});

const checked = <Schema extends z.ZodType>(schema: Schema, values: unknown): z.output<Schema> => {
  const parsed = schema.safeParse(values);
  if (parsed.success) return parsed.data;
  throw new UsageError(parsed.error.issues.map(({ path, message }) => `--${path.join('.')}: ${message}`).join('\n'));
};

const split = (verb: Verb, words: readonly string[]) => {
  try {
    return parseArgs({
      args: [...words],
      options: Object.fromEntries(FLAGS[verb].map((name) => [name, { type: 'string' as const }])),
      allowPositionals: true,
    });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
};

const isVerb = (word: string | undefined): word is Verb => word !== undefined && Object.hasOwn(FLAGS, word);

/** @throws UsageError that names everything that is wrong. */
export const readApiKeyCommand = ([verb, ...words]: readonly string[]): Command => {
  if (!isVerb(verb)) throw new UsageError('api-key issue, list, rotate or revoke; see api-key --help.');
  const { values, positionals } = split(verb, words);
  const [id = '', ...more] = positionals;
  const takesId = verb === 'rotate' || verb === 'revoke';
  if (takesId ? !isApiKeyId(id) || more.length > 0 : positionals.length > 0)
    throw new UsageError(takesId ? `api-key ${verb} takes the id of one key.` : `api-key ${verb} takes options only.`);
  switch (verb) {
    case 'issue':
      return { verb, terms: checked(apiKeyTerms, values) };
    case 'list':
      return { verb, client: values['client'] };
    case 'rotate': {
      const { 'overlap-hours': overlapHours, days } = checked(rotation, values);
      return { verb, id, overlapHours, days };
    }
    case 'revoke':
      return { verb, id };
  }
};

const shown = ({ key, record }: NewApiKey) => ({ key, ...record });

/** The arguments of a request are the words of the command. */
export const createApiKeyCommands =
  (apiKeys: ApiKeys): ServeOperator =>
  async ({ arguments: words, actor }) => {
    const command = readApiKeyCommand(words);
    try {
      switch (command.verb) {
        case 'issue':
          return shown(await apiKeys.issue(command.terms, actor));
        case 'list':
          return await apiKeys.list(command.client);
        case 'rotate':
          return shown(await apiKeys.rotate(command.id, command, actor));
        case 'revoke':
          return await apiKeys.revoke(command.id, actor);
      }
    } catch (error) {
      throw error instanceof ApiKeyRefusal ? new OperatorRefusal(error.message) : error;
    }
  };
