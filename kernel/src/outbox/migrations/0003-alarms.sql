-- Why: what the law or safety demands is never given up, so nobody would learn that it is late by its failing. Each
-- alarm is raised once, however many workers watch and however often they restart.
CREATE TABLE outbox.alarms (
  command_id text NOT NULL REFERENCES outbox.commands (id) ON DELETE CASCADE,
  -- The alarm's name in its class (classes.ts).
  threshold text NOT NULL,
  raised_at timestamptz NOT NULL,
  PRIMARY KEY (command_id, threshold)
);
-- What ended long ago is forgotten; a dead letter waits for as long as it takes.
CREATE INDEX commands_finished ON outbox.commands (finished_at) WHERE finished_at IS NOT NULL AND dead_at IS NULL;
