/** Pseudonymous people of a unit, and whether they may still open. */
import type { Clock } from '@house/kernel/clock';
import type { Keep } from './state/records.ts';

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
  /** As `put` and `remove` were called before the process began. */
  restore(unitId: string, subjectRef: string, subject: Subject | 'deleted'): void;
};

export const createSubjects = ({ clock, keep }: { clock: Clock; keep: Keep }): Subjects => {
  const subjects = new Map<string, Subject | 'deleted'>();
  const name = (unitId: string, subjectRef: string) => `${unitId}/${subjectRef}`;
  const restore = (unitId: string, subjectRef: string, subject: Subject | 'deleted'): void =>
    void subjects.set(name(unitId, subjectRef), subject);
  return {
    put(subject) {
      restore(subject.unitId, subject.subjectRef, subject);
      keep({ is: 'subject', subject });
    },
    remove(unitId, subjectRef) {
      restore(unitId, subjectRef, 'deleted');
      keep({ is: 'subject-removed', unitId, subjectRef });
    },
    restore,
    standing(unitId, subjectRef) {
      const subject = subjects.get(name(unitId, subjectRef));
      if (subject === 'deleted') return 'withdrawn';
      if (subject?.validUntil && Date.parse(subject.validUntil) <= clock().getTime()) return 'ended';
      return 'allowed';
    },
  };
};
