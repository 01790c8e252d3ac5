-- Why: a permit is asked for, taken back and asked for again while commands about it are still on their way. What its
-- person wanted last and what the platform may know of it are two things: a command that ends late must not overwrite the
-- one, and a removal must not touch a plate that the platform has from somebody else.
ALTER TABLE smart_home.vehicle_permits
  -- The operation that was asked for last; only it says how the permit stands.
  ADD COLUMN operation_id text,
  -- Since when the platform may have the plate from us; null: never, or not any more.
  ADD COLUMN told_at timestamptz;
UPDATE smart_home.vehicle_permits p SET
  told_at = CASE WHEN provisioning <> 'QUEUED' AND removed_at IS NULL THEN provisioning_since END,
  operation_id = (SELECT o.id FROM smart_home.operations o WHERE o.object_id = p.id ORDER BY o.created_at DESC, o.id DESC LIMIT 1);
