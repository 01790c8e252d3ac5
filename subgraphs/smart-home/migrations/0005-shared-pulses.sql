-- Why: an operation may be asked for more than once. A second tap of the same person joins the one that is running, under
-- a key of its own; and one pulse opens a gate for everybody who taps at the same time, each with an operation of their own.
CREATE TABLE smart_home.operation_keys (
  subject text NOT NULL,
  idempotency_key text NOT NULL CHECK (length(idempotency_key) BETWEEN 1 AND 200),
  operation_id text NOT NULL,
  -- Tells a repeat from another intent under a used key; the input itself is not kept.
  input_sha256 bytea NOT NULL,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (subject, idempotency_key)
);
INSERT INTO smart_home.operation_keys (subject, idempotency_key, operation_id, input_sha256, created_at)
  SELECT subject, idempotency_key, id, input_sha256, created_at FROM smart_home.operations;
ALTER TABLE smart_home.operations
  DROP COLUMN idempotency_key,
  DROP COLUMN input_sha256,
  -- The operation whose command opens for this one too; null: it has a command of its own.
  ADD COLUMN follows text REFERENCES smart_home.operations (id) CHECK (follows <> id);
-- The key is taken first, so that of two that use it at once only one goes on to promise anything.
ALTER TABLE smart_home.operation_keys
  ADD FOREIGN KEY (operation_id) REFERENCES smart_home.operations (id) DEFERRABLE INITIALLY DEFERRED;
CREATE INDEX operations_at_point ON smart_home.operations (object_id, created_at DESC) WHERE kind = 'OPEN';
CREATE INDEX operations_following ON smart_home.operations (follows) WHERE follows IS NOT NULL;
