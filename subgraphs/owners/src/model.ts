/** The nouns of this service, as its rooms hand them to each other. Personal data in them is in clear. */

export type MembershipRole = 'OWNER' | 'RESIDENT' | 'TENANT';
export type MembershipStatus = 'PENDING' | 'ACTIVE' | 'SUSPENDED' | 'EXPIRED' | 'REVOKED';
export type Permission =
  | 'ACCESS_OPEN'
  | 'CAMERA_VIEW'
  | 'JOURNAL_READ'
  | 'PASS_ISSUE'
  | 'VEHICLE_MANAGE'
  | 'FACE_SELF'
  | 'METER_READ'
  | 'METER_SUBMIT'
  | 'SCENARIO_RUN'
  | 'MEMBER_INVITE';
export type PremisesKind = 'APARTMENT' | 'HOUSE' | 'PARKING_SPACE' | 'STORAGE' | 'COMMERCIAL';
export type JournalVisibility = 'MEMBERS' | 'OWN_EVENTS_ONLY' | 'OWNERS_ONLY' | 'OFF';
export type SuspensionReason = 'DEBT' | 'ABUSE' | 'SECURITY_INCIDENT' | 'OWNER_REQUEST' | 'LEGAL';
export type StaffRole = 'CONCIERGE' | 'SECURITY' | 'MANAGER' | 'SUPPORT' | 'AUDITOR';
export type ConsentPurpose = 'FACE_ACCESS' | 'VEHICLE_ACCESS' | 'EVENT_JOURNAL_IMAGES' | 'PLATFORM_TRANSFER';
export type ConsentStatus = 'ACTIVE' | 'WITHDRAWN' | 'EXPIRED' | 'SUPERSEDED';
export type SignatureKind = 'QES' | 'NEP' | 'GOSKEY' | 'PAPER_SCAN' | 'SIMPLE';

export type Person = {
  readonly id: string;
  /** The access token's `sub`. */
  readonly account: string;
  readonly displayName: string;
  /** E.164. */
  readonly phone: string;
};

export type Complex = { readonly id: string; readonly name: string; readonly timeZone: string };

export type Suspension = {
  readonly reason: SuspensionReason;
  readonly since: Date;
  readonly until: Date | null;
  readonly byRole: StaffRole | null;
};

export type Premises = {
  readonly id: string;
  readonly kind: PremisesKind;
  readonly label: string;
  readonly complex: Complex;
  readonly journalVisibility: JournalVisibility;
  /** The suspension in force at the moment of the request. */
  readonly suspension: Suspension | null;
};

export type Membership = {
  readonly id: string;
  readonly personId: string;
  readonly premisesId: string;
  /** The membership that brought this one in; null when nobody in the premises did. */
  readonly invitedBy: string | null;
  readonly role: MembershipRole;
  readonly permissions: readonly Permission[];
  /** At the moment of the request: a stored row whose time has run out is EXPIRED here. */
  readonly status: MembershipStatus;
  readonly validFrom: Date;
  readonly validUntil: Date | null;
};

export type Invitation = {
  readonly id: string;
  readonly premisesId: string;
  /** The membership that invited. */
  readonly invitedBy: string;
  readonly role: MembershipRole;
  readonly permissions: readonly Permission[];
  /** E.164. */
  readonly phone: string;
  readonly createdAt: Date;
  readonly expiresAt: Date;
  readonly acceptedAt: Date | null;
};

export type Consent = {
  readonly id: string;
  readonly personId: string;
  readonly purpose: ConsentPurpose;
  /** At the moment of the request. */
  readonly status: ConsentStatus;
  readonly textVersion: string;
  readonly textSha256: string;
  readonly signature: SignatureKind;
  readonly givenAt: Date;
  readonly expiresAt: Date | null;
  readonly withdrawnAt: Date | null;
  readonly destroyBy: Date | null;
};
