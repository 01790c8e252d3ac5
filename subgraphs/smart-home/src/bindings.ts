/** Which of our complexes and premises is what at the platform, and who somebody is towards it. The only SQL about that. */
import type { Random } from '@house/kernel/clock';
import type { Database } from '@house/kernel/database';
import type { Unit } from './platform/platform.ts';

export type BoundPremises = { id: string; complexId: string; siteId: number; unit: Unit | null };
export type BoundComplex = { id: string; siteId: number };

export type Bindings = {
  premises(ids: readonly string[]): Promise<(BoundPremises | undefined)[]>;
  complexes(ids: readonly string[]): Promise<(BoundComplex | undefined)[]>;
  /** The person's random name towards the site; made at the first need. */
  subjectRef(subject: string, siteId: number): Promise<string>;
  /** The same, if it was ever needed. */
  findSubjectRef(subject: string, siteId: number): Promise<string | undefined>;
};

type PremisesRow = { id: string; complex_id: string; site_id: number; unit_id: string | null; flat_id: number | null };

const toPremises = ({ id, complex_id, site_id, unit_id, flat_id }: PremisesRow): BoundPremises => ({
  id,
  complexId: complex_id,
  siteId: site_id,
  unit: unit_id !== null && flat_id !== null ? { siteId: site_id, unitId: unit_id, flatId: flat_id } : null,
});

const findSubjectRef = async (database: Database, subject: string, siteId: number): Promise<string | undefined> => {
  const [row] = await database.query<{ subject_ref: string }>(
    'SELECT subject_ref FROM smart_home.subject_refs WHERE subject = $1 AND site_id = $2',
    [subject, siteId],
  );
  return row?.subject_ref;
};

export const createBindings = ({ database, random }: { database: Database; random: Random }): Bindings => ({
  premises: async (ids) => {
    const rows = await database.query<PremisesRow>(
      `SELECT p.id, p.complex_id, c.site_id, p.unit_id, p.flat_id
       FROM smart_home.premises p JOIN smart_home.complexes c ON c.id = p.complex_id WHERE p.id = ANY($1)`,
      [ids],
    );
    const found = new Map(rows.map((row) => [row.id, toPremises(row)]));
    return ids.map((id) => found.get(id));
  },
  complexes: async (ids) => {
    const rows = await database.query<{ id: string; site_id: number }>(
      'SELECT id, site_id FROM smart_home.complexes WHERE id = ANY($1)',
      [ids],
    );
    const found = new Map(rows.map((row) => [row.id, { id: row.id, siteId: row.site_id }]));
    return ids.map((id) => found.get(id));
  },
  findSubjectRef: (subject, siteId) => findSubjectRef(database, subject, siteId),
  subjectRef: async (subject, siteId) => {
    const known = await findSubjectRef(database, subject, siteId);
    if (known) return known;
    await database.query(
      'INSERT INTO smart_home.subject_refs (subject, site_id, subject_ref) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING',
      [subject, siteId, `sr_${Buffer.from(random(16)).toString('base64url')}`],
    );
    const made = await findSubjectRef(database, subject, siteId);
    if (!made) throw new Error('a subject reference that was just written is missing');
    return made;
  },
});
