-- A complex is what one staff serves and what one site of the platform stands for. Which site that is, only the
-- smart-home service knows.
CREATE TABLE owners.complexes (
  id text PRIMARY KEY CHECK (id ~ '^[A-Za-z0-9_-]{1,64}$'),
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
  time_zone text NOT NULL CHECK (length(time_zone) BETWEEN 1 AND 64)
);

-- Premises are what a membership is in. The label («Кв. 12») leads to a person's address, so it is sealed.
CREATE TABLE owners.premises (
  id text PRIMARY KEY CHECK (id ~ '^[A-Za-z0-9_-]{1,64}$'),
  complex_id text NOT NULL REFERENCES owners.complexes (id),
  kind text NOT NULL CHECK (kind IN ('APARTMENT', 'HOUSE', 'PARKING_SPACE', 'STORAGE', 'COMMERCIAL')),
  label bytea NOT NULL CHECK (octet_length(label) BETWEEN 30 AND 500),
  journal_visibility text NOT NULL DEFAULT 'MEMBERS'
    CHECK (journal_visibility IN ('MEMBERS', 'OWN_EVENTS_ONLY', 'OWNERS_ONLY', 'OFF'))
);

CREATE INDEX premises_by_complex ON owners.premises (complex_id);

-- A suspension stops remote services of premises, never the physical way in. It is kept after it ended, because
-- who suspended whom and why must stay answerable; at most one of a premises is open.
CREATE TABLE owners.suspensions (
  id text PRIMARY KEY CHECK (id ~ '^[A-Za-z0-9_-]{1,64}$'),
  premises_id text NOT NULL REFERENCES owners.premises (id),
  reason text NOT NULL CHECK (reason IN ('DEBT', 'ABUSE', 'SECURITY_INCIDENT', 'OWNER_REQUEST', 'LEGAL')),
  by_role text CHECK (by_role IN ('CONCIERGE', 'SECURITY', 'MANAGER', 'SUPPORT', 'AUDITOR')),
  since timestamptz NOT NULL,
  until timestamptz CHECK (until > since),
  resumed_at timestamptz CHECK (resumed_at >= since)
);

CREATE UNIQUE INDEX suspensions_one_open ON owners.suspensions (premises_id) WHERE resumed_at IS NULL;
