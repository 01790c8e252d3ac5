-- Why: an accepted command must survive anything. It is a row before it is a job: whoever delivers it, and however
-- often that one dies, the row says what is owed, until when, and who is at it now.
CREATE TABLE outbox.commands (
  -- Also the idempotency key towards the receiver: it never changes, whatever is retried.
  id text PRIMARY KEY,
  kind text NOT NULL,
  class text NOT NULL CHECK (class IN ('safety', 'moment', 'compliance', 'write')),
  -- Commands of one key are delivered one at a time in the order of `seq`; null: no order.
  order_key text,
  seq bigint GENERATED ALWAYS AS IDENTITY,
  -- Ids only, never personal data: the body is read again from its own table when it is sent.
  body jsonb NOT NULL,
  created_at timestamptz NOT NULL,
  -- After it the command must not be sent.
  not_after timestamptz NOT NULL,
  phase text NOT NULL DEFAULT 'send' CHECK (phase IN ('send', 'confirm')),
  -- How often handing it over was tried; drives the backoff.
  attempts integer NOT NULL DEFAULT 0,
  -- An earlier attempt may have had an effect that nobody knows of; never goes back to false.
  uncertain boolean NOT NULL DEFAULT false,
  next_at timestamptz NOT NULL,
  -- Fencing: every claim raises the token, every later write names it, so a late worker changes nothing.
  lease_token integer NOT NULL DEFAULT 0,
  lease_until timestamptz,
  finished_at timestamptz,
  state text NOT NULL CHECK (state IN ('ACCEPTED', 'QUEUED', 'SENT', 'SUCCEEDED', 'FAILED', 'EXPIRED', 'UNKNOWN_OUTCOME', 'CANCELLED'))
);
CREATE INDEX commands_due ON outbox.commands (next_at) WHERE finished_at IS NULL;
CREATE INDEX commands_order ON outbox.commands (order_key, seq) WHERE finished_at IS NULL AND order_key IS NOT NULL;
