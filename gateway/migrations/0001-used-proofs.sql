-- Why: a proof of possession (RFC 9449) is good for one mutation, whatever becomes of Redis. What was used is remembered
-- until a proof of that age would be refused anyway.
CREATE TABLE gateway.used_proofs (
  -- The thumbprint of the key that made the proof, and the SHA-256 of the proof's jti.
  key_thumbprint text NOT NULL CHECK (length(key_thumbprint) = 43),
  jti_hash bytea NOT NULL CHECK (length(jti_hash) = 32),
  until timestamptz NOT NULL,
  PRIMARY KEY (key_thumbprint, jti_hash)
);
CREATE INDEX used_proofs_until ON gateway.used_proofs (until);
