/** The only SQL about people. Name and phone leave this file in clear and never enter the database so. */
import type { Queryable } from '@house/kernel/database';
import type { Vault } from '@house/kernel/vault';
import type { Person } from '../model.ts';

type Row = { id: string; account: string; display_name: Uint8Array; phone: Uint8Array };

/** One scope for every phone that we index, so that an invitation's phone finds a person's. */
export const PHONE_INDEX = 'phone';

const COLUMNS = 'id, account, display_name, phone';

export type PeopleStore = {
  byIds(ids: readonly string[]): Promise<Person[]>;
  byAccounts(accounts: readonly string[]): Promise<Person[]>;
  /** Adds a person; one whose id is known stays as it is. */
  add(transaction: Queryable, person: Person): Promise<void>;
};

export const createPeopleStore = ({ database, vault }: { database: Queryable; vault: Vault }): PeopleStore => {
  const toPerson = ({ id, account, display_name, phone }: Row): Person => ({
    id,
    account,
    displayName: vault.open(display_name, `people.display_name|${id}`),
    phone: vault.open(phone, `people.phone|${id}`),
  });
  return {
    byIds: async (ids) =>
      (await database.query<Row>(`SELECT ${COLUMNS} FROM owners.people WHERE id = ANY($1::text[])`, [ids])).map(
        toPerson,
      ),
    byAccounts: async (accounts) =>
      (
        await database.query<Row>(`SELECT ${COLUMNS} FROM owners.people WHERE account = ANY($1::text[])`, [accounts])
      ).map(toPerson),
    add: async (transaction, { id, account, displayName, phone }) => {
      await transaction.query(
        `INSERT INTO owners.people (id, account, display_name, phone, phone_index) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (id) DO NOTHING`,
        [
          id,
          account,
          vault.seal(displayName, `people.display_name|${id}`),
          vault.seal(phone, `people.phone|${id}`),
          vault.blindIndex(phone, PHONE_INDEX),
        ],
      );
    },
  };
};
