-- Why: a command that nobody could deliver in its time is neither lost nor tried for ever: it waits for a person. What
-- that person did with it is kept.
ALTER TABLE outbox.commands ADD COLUMN dead_at timestamptz;
CREATE INDEX commands_dead ON outbox.commands (dead_at) WHERE dead_at IS NOT NULL;
CREATE TABLE outbox.dead_letter_actions (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  command_id text NOT NULL REFERENCES outbox.commands (id),
  action text NOT NULL CHECK (action IN ('replay', 'discard')),
  -- The operator's account on the machine; not a resident.
  actor text NOT NULL CHECK (length(actor) BETWEEN 1 AND 100),
  at timestamptz NOT NULL
);
