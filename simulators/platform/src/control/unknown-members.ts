/** What an event says of what nobody knows: null, by its type. */

const ACCESS = {
  unitId: null,
  subjectRef: null,
  performedVia: null,
  credentialRef: null,
  operationId: null,
  denialReason: null,
  cameraId: null,
};
const BY_KIND: Readonly<Record<string, Readonly<Record<string, null>>>> = {
  access_point: ACCESS,
  pass: { passId: null, accessPointId: null, state: null },
  vehicle: { vehiclePermitId: null, direction: null, confidence: null },
  face: { qualityCode: null, erasureId: null },
};
/** Of their kind only by name. */
const WHOLE: ReadonlySet<string> = new Set(['access_point.online', 'access_point.offline']);

export const unknownMembers = (type: string): Readonly<Record<string, null>> =>
  (WHOLE.has(type) ? undefined : BY_KIND[type.split('.', 1)[0] ?? '']) ?? {};
