/** Pseudonymous people of a unit, and whether they may still open. */
import type { Clock } from '@house/kernel/clock';

export type SubjectRole = 'owner' | 'resident' | 'tenant' | 'guest' | 'staff';
export type Subject = { subjectRef: string; unitId: string; role: SubjectRole; validUntil: string | null };

export type Subjects = {
  put(subject: Subject): void;
  remove(unitId: string, subjectRef: string): void;
  /**
   * `withdrawn` for one who was deleted, `ended` for one whose time is over. One that was never named may open: naming
   * is for taking away, not for letting in.
   */
  standing(unitId: string, subjectRef: string): 'allowed' | 'withdrawn' | 'ended';
};

export const createSubjects = ({ clock }: { clock: Clock }): Subjects => {
  const subjects = new Map<string, Subject | 'deleted'>();
  const name = (unitId: string, subjectRef: string) => `${unitId}/${subjectRef}`;
  return {
    put: (subject) => void subjects.set(name(subject.unitId, subject.subjectRef), subject),
    remove: (unitId, subjectRef) => void subjects.set(name(unitId, subjectRef), 'deleted'),
    standing(unitId, subjectRef) {
      const subject = subjects.get(name(unitId, subjectRef));
      if (subject === 'deleted') return 'withdrawn';
      if (subject?.validUntil && Date.parse(subject.validUntil) <= clock().getTime()) return 'ended';
      return 'allowed';
    },
  };
};
