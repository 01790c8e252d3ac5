-- Why: machine clients sign in by keys of ours (header X-Api-Key). Nothing in this table can be used as one: of the secret
-- only a keyed hash stands here, and the pepper that it is keyed with stands in no database.
CREATE TABLE gateway.api_keys (
  id text PRIMARY KEY CHECK (id ~ '^[0-9A-Za-z]{13}$'),
  client text NOT NULL CHECK (client ~ '^[a-z0-9][a-z0-9-]{1,62}$'),
  -- The one that it is confined to.
  complex text NOT NULL CHECK (length(complex) BETWEEN 1 AND 100),
  scopes text[] NOT NULL CHECK (cardinality(scopes) > 0),
  networks text[] NOT NULL CHECK (cardinality(networks) BETWEEN 1 AND 20),
  -- SHA-256 of the certificate that it is good with, in base64url; null: with any connection.
  certificate text CHECK (length(certificate) = 43),
  pepper text NOT NULL,
  secret_hash bytea NOT NULL CHECK (length(secret_hash) = 32),
  created_at timestamptz NOT NULL,
  created_by text NOT NULL CHECK (length(created_by) BETWEEN 1 AND 100),
  -- For how many it was given out; less is left of one that was replaced.
  days integer NOT NULL CHECK (days BETWEEN 1 AND 90),
  expires_at timestamptz NOT NULL CHECK (expires_at <= created_at + days * interval '24 hours'),
  -- The key in whose place it was given out.
  replaces text REFERENCES gateway.api_keys (id),
  revoked_at timestamptz,
  revoked_by text CHECK (length(revoked_by) BETWEEN 1 AND 100),
  -- To the minute.
  last_used_at timestamptz,
  CHECK ((revoked_at IS NULL) = (revoked_by IS NULL))
);
CREATE INDEX api_keys_by_client ON gateway.api_keys (client, created_at);
