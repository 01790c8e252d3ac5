-- Why: the platform keeps plates only to open barriers; whose car it is, and until when, is ours. A plate is personal
-- data: it stands here encrypted, with a keyed index that answers "the same plate?" within one complex and no more.
CREATE TABLE smart_home.vehicle_permits (
  id text PRIMARY KEY,
  premises_id text NOT NULL REFERENCES smart_home.premises (id),
  subject text NOT NULL,
  plate_sealed bytea NOT NULL,
  plate_index bytea NOT NULL,
  country text NOT NULL CHECK (country ~ '^[A-Z]{2}$'),
  comment_sealed bytea,
  valid_from timestamptz NOT NULL,
  valid_until timestamptz,
  auto_open boolean NOT NULL,
  access_point_ids text[] NOT NULL,
  provisioning text NOT NULL CHECK (provisioning IN ('QUEUED', 'APPLYING', 'APPLIED', 'REMOVING', 'REMOVED', 'FAILED')),
  provisioning_error text,
  provisioning_since timestamptz NOT NULL,
  -- The second version's own name of the permit, once known.
  platform_ref text,
  created_at timestamptz NOT NULL,
  removed_at timestamptz,
  CHECK (valid_until IS NULL OR valid_until > valid_from)
);
-- A person has one permit for one plate in one premises; members of a household do not see each other's.
CREATE UNIQUE INDEX vehicle_permits_once ON smart_home.vehicle_permits (premises_id, plate_index, subject) WHERE removed_at IS NULL;
CREATE INDEX vehicle_permits_of_premises ON smart_home.vehicle_permits (premises_id, created_at, id) WHERE removed_at IS NULL;
