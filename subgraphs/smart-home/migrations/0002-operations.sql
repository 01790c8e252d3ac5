-- Why: an operation is a promise to its caller, kept under the caller's idempotency key. How it is delivered stands in
-- the outbox; this is what the caller may see of it.
CREATE TABLE smart_home.operations (
  id text PRIMARY KEY,
  kind text NOT NULL,
  state text NOT NULL CHECK (state IN ('ACCEPTED', 'QUEUED', 'SENT', 'SUCCEEDED', 'FAILED', 'EXPIRED', 'UNKNOWN_OUTCOME', 'CANCELLED')),
  -- The account that asked; nobody else sees the operation.
  subject text NOT NULL,
  premises_id text NOT NULL REFERENCES smart_home.premises (id),
  -- What it is about: an access point or a permit.
  object_id text NOT NULL,
  idempotency_key text NOT NULL CHECK (length(idempotency_key) BETWEEN 1 AND 200),
  -- Tells a repeat from another intent under a used key; the input itself is not kept.
  input_sha256 bytea NOT NULL,
  created_at timestamptz NOT NULL,
  deadline timestamptz NOT NULL,
  attempts integer NOT NULL DEFAULT 0,
  finished_at timestamptz,
  error_code text,
  platform_version text,
  UNIQUE (subject, idempotency_key)
);
CREATE INDEX operations_of_premises ON smart_home.operations (premises_id, subject, created_at DESC, id DESC);
