-- Why: the platform tells us what has happened, at least once and in any order. An event is stored before it is taken, so
-- that a repeat is known as one; what stands in it may be personal (a plate), so that it is sealed.
CREATE TABLE smart_home.platform_events (
  -- The platform's own id of it, the same in every delivery.
  id text PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 200),
  type text NOT NULL CHECK (length(type) <= 100),
  site_id integer NOT NULL,
  -- One more with every event of the site; the platform may begin anew.
  sequence bigint NOT NULL CHECK (sequence > 0),
  occurred_at timestamptz NOT NULL,
  received_at timestamptz NOT NULL,
  -- By the vault, for this id.
  body_sealed bytea NOT NULL
);
CREATE INDEX platform_events_of_site ON smart_home.platform_events (site_id, sequence);
CREATE INDEX platform_events_by_age ON smart_home.platform_events (received_at);
-- Up to where nothing of a site is missing, or is waited for no more.
CREATE TABLE smart_home.platform_sequences (
  site_id integer PRIMARY KEY,
  -- When counting began: what was received before belongs to another count.
  since timestamptz NOT NULL,
  whole_to bigint NOT NULL,
  whole_at timestamptz NOT NULL,
  -- How often a replay was asked for because of what comes next.
  asked integer NOT NULL DEFAULT 0,
  asked_at timestamptz
);
-- One subscription for all processes of this database. Who may look after it stands here as a claim that runs out.
CREATE TABLE smart_home.webhook_subscriptions (
  client_id text PRIMARY KEY,
  -- The platform's own name of it; null until there is one.
  subscription_id text,
  claimed_until timestamptz NOT NULL,
  -- When it was last found in order.
  looked_at timestamptz
);
-- What deliveries are checked by. During a rotation the platform signs with the new secret and with the one before.
CREATE TABLE smart_home.webhook_secrets (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  subscription_id text NOT NULL,
  -- By the vault, for this subscription.
  secret_sealed bytea NOT NULL,
  since timestamptz NOT NULL,
  -- Null for the current one.
  valid_until timestamptz
);
CREATE UNIQUE INDEX webhook_secrets_current ON smart_home.webhook_secrets (subscription_id) WHERE valid_until IS NULL;
