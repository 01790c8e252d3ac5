/** Answers of v1: everything in `{code, name, message, data}`, with the words that v1 uses. */
import type { Answer, Call } from '../exchange.ts';

const DEFAULT_PER = 50;

export const flag = (value: boolean): 't' | 'f' => (value ? 't' : 'f');

/** `data` is missing when there is nothing to say. */
export const enveloped = (data?: unknown): Answer => ({
  status: 200,
  body: { code: 200, name: 'ok', message: 'Хорошо', ...(data === undefined ? {} : { data }) },
});

const MESSAGES: Readonly<Record<string, string>> = {
  badRequest: 'Неверный запрос',
  unauthorized: 'Не авторизован',
  forbidden: 'Запрещено',
  notFound: 'Не найдено',
  gone: 'Версия отключена',
  payloadTooLarge: 'Слишком большой запрос',
  tooManyRequests: 'Слишком часто',
  internalError: 'Ошибка сервера',
  notImplemented: 'Ещё не сделано в симуляторе',
  unavailable: 'Сервис недоступен',
};

/** The status repeats the code, unless another one is asked for. */
export const refusal = (code: number, name: string, status = code): Answer => ({
  status,
  body: { code, name, message: MESSAGES[name] ?? name },
});

export const notFound = (): Answer => refusal(404, 'notFound');

/** A list; v1 writes an empty one as an envelope without `data`, or as 404. */
export const list = (items: readonly unknown[], emptyIs404: boolean): Answer => {
  if (items.length > 0) return enveloped(items);
  return emptyIs404 ? notFound() : enveloped();
};

/** A short page is the last; there is no total. */
export const paged = <Item>(items: readonly Item[], { query }: Call): readonly Item[] => {
  const { page = 1, per = DEFAULT_PER } = query as { page?: number; per?: number };
  return items.slice((page - 1) * per, page * per);
};

/** The sentence that a broken v1 puts where JSON was promised. */
export const sentence = (): Answer => ({
  status: 200,
  contentType: 'text/plain; charset=utf-8',
  text: 'An internal server error occurred.',
  deliberate: true,
});

/** Every integer of an answer as a string, the envelope's own `code` left alone. */
export const withIntegersAsStrings = (answer: Answer): Answer => {
  const written = (value: unknown): unknown => {
    if (Number.isInteger(value)) return String(value);
    if (Array.isArray(value)) return value.map(written);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, written(member)]));
  };
  const body = answer.body as { data?: unknown } | undefined;
  return body?.data === undefined ? answer : { ...answer, body: { ...body, data: written(body.data) } };
};
