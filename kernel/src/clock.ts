/** Time and chance come in by the door: everything that needs them takes these as arguments. */

/** The time now. Tests pass a clock that they move. */
export type Clock = () => Date;

/** `size` unpredictable bytes. */
export type Random = (size: number) => Uint8Array;

/** `date` moved by `milliseconds`, which may be negative. */
export const later = (date: Date, milliseconds: number): Date => new Date(date.getTime() + milliseconds);
