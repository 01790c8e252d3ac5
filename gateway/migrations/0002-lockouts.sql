-- Why: counts live in Redis and in processes, and either may be wiped. Who guessed too often must stay locked all the same,
-- so lockouts are kept here, for every gateway. `key` is a digest: neither a person nor an address can be read from it.
CREATE TABLE gateway.lockouts (
  key text PRIMARY KEY CHECK (length(key) = 43),
  -- What was guessed at, for the operator who reads the table.
  policy text NOT NULL CHECK (length(policy) <= 200),
  -- Failed guesses since `failing_since` that have not led to a lock yet.
  failures integer NOT NULL DEFAULT 0 CHECK (failures >= 0),
  failing_since timestamptz,
  -- How many locks there were; each is twice as long as the one before.
  level integer NOT NULL DEFAULT 0 CHECK (level >= 0),
  locked_until timestamptz,
  -- From then on it is as if nothing had happened.
  forgotten_at timestamptz NOT NULL
);
CREATE INDEX lockouts_by_end ON gateway.lockouts (forgotten_at);

-- Why: a change that must not go uncounted is counted here while Redis is away. `times` are the admissions of the last
-- window in milliseconds since 1970, oldest first.
CREATE TABLE gateway.admissions (
  key text PRIMARY KEY CHECK (length(key) <= 200),
  times jsonb NOT NULL DEFAULT '[]',
  ends_at timestamptz NOT NULL
);
CREATE INDEX admissions_by_end ON gateway.admissions (ends_at);
