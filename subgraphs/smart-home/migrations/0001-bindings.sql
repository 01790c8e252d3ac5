-- Why: the platform has its own names for our complexes and premises. Only these pseudonymous names ever leave the
-- house; who lives there stays with the owners subgraph.
CREATE TABLE smart_home.complexes (
  id text PRIMARY KEY,
  site_id integer NOT NULL UNIQUE
);
CREATE TABLE smart_home.premises (
  id text PRIMARY KEY,
  complex_id text NOT NULL REFERENCES smart_home.complexes (id),
  -- The same place in the second and in the first version of the platform; null where the platform has nothing.
  unit_id text UNIQUE,
  flat_id integer UNIQUE,
  CHECK ((unit_id IS NULL) = (flat_id IS NULL))
);
-- A random name of a person towards one site: two sites cannot join what they know.
CREATE TABLE smart_home.subject_refs (
  subject text NOT NULL,
  site_id integer NOT NULL,
  subject_ref text NOT NULL UNIQUE,
  PRIMARY KEY (subject, site_id)
);
-- The last answer that the platform gave, with its age: what is shown, and what a command is checked against, while the
-- platform cannot be reached.
CREATE TABLE smart_home.last_known (
  scope text NOT NULL,
  resource text NOT NULL,
  answer jsonb NOT NULL,
  as_of timestamptz NOT NULL,
  PRIMARY KEY (scope, resource)
);
