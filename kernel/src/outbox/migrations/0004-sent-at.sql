-- Why: a receiver that knows no keys is asked what happened since the command was handed over; so that moment must
-- outlive whoever handed it over.
ALTER TABLE outbox.commands ADD COLUMN sent_at timestamptz;
