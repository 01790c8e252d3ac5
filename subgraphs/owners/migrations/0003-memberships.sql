-- A membership says what a person is inside one premises, what it allows and for how long. EXPIRED is never stored:
-- the clock says so. A let flat has the owner's and the tenant's rows side by side; a tenant's stay always ends.
CREATE TABLE owners.memberships (
  id text PRIMARY KEY CHECK (id ~ '^[A-Za-z0-9_-]{1,64}$'),
  person_id text NOT NULL REFERENCES owners.people (id),
  premises_id text NOT NULL REFERENCES owners.premises (id),
  role text NOT NULL CHECK (role IN ('OWNER', 'RESIDENT', 'TENANT')),
  permissions text[] NOT NULL CHECK (
    permissions <@ ARRAY['ACCESS_OPEN', 'CAMERA_VIEW', 'JOURNAL_READ', 'PASS_ISSUE', 'VEHICLE_MANAGE', 'FACE_SELF',
      'METER_READ', 'METER_SUBMIT', 'SCENARIO_RUN', 'MEMBER_INVITE']
  ),
  status text NOT NULL CHECK (status IN ('PENDING', 'ACTIVE', 'SUSPENDED', 'REVOKED')),
  valid_from timestamptz NOT NULL,
  valid_until timestamptz CHECK (valid_until > valid_from),
  CONSTRAINT tenant_stays_end CHECK (role <> 'TENANT' OR valid_until IS NOT NULL)
);

CREATE INDEX memberships_by_person ON owners.memberships (person_id);
CREATE INDEX memberships_by_premises ON owners.memberships (premises_id);

-- An invitation is a membership that nobody has accepted yet. The invited person may have no account here, so the
-- invitation carries the phone itself: sealed, and by blind index to be matched with the person who accepts.
CREATE TABLE owners.invitations (
  id text PRIMARY KEY CHECK (id ~ '^[A-Za-z0-9_-]{1,64}$'),
  premises_id text NOT NULL REFERENCES owners.premises (id),
  invited_by text NOT NULL REFERENCES owners.memberships (id),
  role text NOT NULL CHECK (role IN ('OWNER', 'RESIDENT', 'TENANT')),
  permissions text[] NOT NULL CHECK (
    permissions <@ ARRAY['ACCESS_OPEN', 'CAMERA_VIEW', 'JOURNAL_READ', 'PASS_ISSUE', 'VEHICLE_MANAGE', 'FACE_SELF',
      'METER_READ', 'METER_SUBMIT', 'SCENARIO_RUN', 'MEMBER_INVITE']
  ),
  phone bytea NOT NULL CHECK (octet_length(phone) BETWEEN 30 AND 100),
  phone_index bytea NOT NULL CHECK (octet_length(phone_index) = 32),
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL CHECK (expires_at > created_at),
  accepted_at timestamptz CHECK (accepted_at BETWEEN created_at AND expires_at)
);

CREATE INDEX invitations_by_premises ON owners.invitations (premises_id);
CREATE INDEX invitations_by_phone ON owners.invitations (phone_index);
