/**
 * Where oidc-provider keeps sessions, grants, codes and interactions: this process's memory. Signing in again is
 * cheap here, so a restart forgets them; access tokens are JWTs and are not kept at all.
 */
import type { Adapter, AdapterPayload } from 'oidc-provider';

/** A longer timer would fire at once; nothing needs to be remembered for more than these 24 days. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export type MemoryStore = { adapterFor(model: string): Adapter; clear(): void };

export const createMemoryStore = (): MemoryStore => {
  const entries = new Map<string, { payload: AdapterPayload; expiry: NodeJS.Timeout | undefined }>();
  const remove = (key: string) => {
    clearTimeout(entries.get(key)?.expiry);
    entries.delete(key);
  };
  const search = (model: string, matches: (payload: AdapterPayload) => boolean) => {
    for (const [key, { payload }] of entries) if (key.startsWith(`${model}:`) && matches(payload)) return payload;
    return undefined;
  };

  const adapterFor = (model: string): Adapter => ({
    async upsert(id, payload, expiresInSeconds) {
      const key = `${model}:${id}`;
      remove(key);
      const lifeMs = expiresInSeconds && Math.min(expiresInSeconds * 1000, LONGEST_TIMER_MS);
      const expiry = lifeMs ? setTimeout(() => remove(key), lifeMs).unref() : undefined;
      entries.set(key, { payload, expiry });
    },
    async find(id) {
      return entries.get(`${model}:${id}`)?.payload;
    },
    async findByUid(uid) {
      return search(model, (payload) => payload.uid === uid);
    },
    async findByUserCode(userCode) {
      return search(model, (payload) => payload.userCode === userCode);
    },
    async consume(id) {
      const payload = entries.get(`${model}:${id}`)?.payload;
      if (payload) payload.consumed = true;
    },
    async destroy(id) {
      remove(`${model}:${id}`);
    },
    async revokeByGrantId(grantId) {
      for (const [key, { payload }] of entries) {
        if (key.startsWith(`${model}:`) && payload.grantId === grantId) remove(key);
      }
    },
  });

  return {
    adapterFor,
    clear() {
      for (const key of [...entries.keys()]) remove(key);
    },
  };
};
