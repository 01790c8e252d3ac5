-- Why: nobody must learn from this house whether somebody else's plate is known, here or at the platform. Additions of one
-- plate are therefore counted over everybody, under a keyed name that says nothing; what goes beyond the budget reaches
-- the platform later, and what the platform makes of a plate is kept from whoever added it.
CREATE TABLE smart_home.plate_additions (
  seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  -- A keyed name of who asked under which idempotency key: asked twice it is counted once.
  addition bytea NOT NULL UNIQUE,
  -- A keyed name of the plate that joins nothing but this table.
  plate_index bytea NOT NULL,
  site_id integer NOT NULL,
  added_at timestamptz NOT NULL
);
CREATE INDEX plate_additions_of_plate ON smart_home.plate_additions (plate_index, seq);
CREATE INDEX plate_additions_of_site ON smart_home.plate_additions (site_id, seq);
-- Forgotten when they count no more.
CREATE INDEX plate_additions_by_age ON smart_home.plate_additions (added_at);
-- What was learned of a command about a plate before its person is told: TAKEN, by the platform; LATER, it will be sent
-- beyond the budget; REFUSED, by the platform. The last stays, for the administration of the building.
CREATE TABLE smart_home.plate_verdicts (
  operation_id text PRIMARY KEY,
  permit_id text NOT NULL REFERENCES smart_home.vehicle_permits (id),
  verdict text NOT NULL CHECK (verdict IN ('TAKEN', 'LATER', 'REFUSED')),
  -- The platform's name of the permit, where it gave one.
  platform_ref text,
  at timestamptz NOT NULL
);
CREATE INDEX plate_refusals ON smart_home.plate_verdicts (at) WHERE verdict = 'REFUSED';
