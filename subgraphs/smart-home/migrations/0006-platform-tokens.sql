-- Why: the first version of the platform keeps one token per client; whoever signs in ends the token of everybody else.
-- Our processes therefore share it, and only one of them signs in at a time. Who may, stands here as a claim that runs
-- out, and not as a lock: a lock would hold a transaction, and in the embedded database everything else, for as long as
-- the platform takes to answer.
CREATE TABLE smart_home.platform_tokens (
  client_id text PRIMARY KEY,
  -- Sealed by the vault for this client and this platform; null until the first sign-in.
  token_sealed bytea,
  usable_until timestamptz,
  claimed_until timestamptz NOT NULL,
  CHECK ((token_sealed IS NULL) = (usable_until IS NULL))
);
