-- An intent takes effect once, however often it is sent: its key is written with the effect, in one transaction. The
-- digest tells a retry from another intent under the same key; the result is the id of what the intent made or changed.
CREATE TABLE owners.idempotency_keys (
  subject text NOT NULL CHECK (length(subject) BETWEEN 1 AND 200),
  key text NOT NULL CHECK (length(key) BETWEEN 1 AND 200),
  input_sha256 bytea NOT NULL CHECK (octet_length(input_sha256) = 32),
  result_id text NOT NULL CHECK (result_id ~ '^[A-Za-z0-9_-]{1,64}$'),
  created_at timestamptz NOT NULL,
  PRIMARY KEY (subject, key)
);
