-- A person is an account of the authorization server with the few personal data that this service needs. Name and
-- phone are sealed, so that a stolen backup tells nobody's name; the phone's blind index finds a person by phone
-- (an invitation names one) without opening a single row.
CREATE TABLE owners.people (
  id text PRIMARY KEY CHECK (id ~ '^[A-Za-z0-9_-]{1,64}$'),
  account text NOT NULL UNIQUE CHECK (length(account) BETWEEN 1 AND 200),
  display_name bytea NOT NULL CHECK (octet_length(display_name) BETWEEN 30 AND 1000),
  phone bytea NOT NULL CHECK (octet_length(phone) BETWEEN 30 AND 100),
  phone_index bytea NOT NULL CHECK (octet_length(phone_index) = 32)
);

CREATE INDEX people_by_phone ON owners.people (phone_index);
