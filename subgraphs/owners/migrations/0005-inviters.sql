-- Who brought somebody in may change that membership and take it back. Null: nobody in the house did, as with an owner
-- whom the register of deeds names. The inviter's row is never deleted, so the reference holds.
ALTER TABLE owners.memberships ADD COLUMN invited_by text REFERENCES owners.memberships (id) CHECK (invited_by <> id);
