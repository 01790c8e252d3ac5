-- A consent is a document of its own: one purpose, the exact text that was signed (version and digest) and how it was
-- signed. It is never rewritten: withdrawal and replacement are times beside it, and its status follows from them.
-- Consent to biometrics needs a signature that the law accepts as written, so SIMPLE cannot even be stored.
CREATE TABLE owners.consents (
  id text PRIMARY KEY CHECK (id ~ '^[A-Za-z0-9_-]{1,64}$'),
  person_id text NOT NULL REFERENCES owners.people (id),
  purpose text NOT NULL
    CHECK (purpose IN ('FACE_ACCESS', 'VEHICLE_ACCESS', 'EVENT_JOURNAL_IMAGES', 'PLATFORM_TRANSFER')),
  text_version text NOT NULL CHECK (length(text_version) BETWEEN 1 AND 40),
  text_sha256 text NOT NULL CHECK (text_sha256 ~ '^[0-9a-f]{64}$'),
  signature text NOT NULL CHECK (signature IN ('QES', 'NEP', 'GOSKEY', 'PAPER_SCAN', 'SIMPLE')),
  given_at timestamptz NOT NULL,
  expires_at timestamptz CHECK (expires_at > given_at),
  withdrawn_at timestamptz CHECK (withdrawn_at >= given_at),
  superseded_at timestamptz CHECK (superseded_at >= given_at),
  destroy_by timestamptz CHECK (destroy_by >= withdrawn_at),
  CONSTRAINT face_needs_written_form CHECK (purpose <> 'FACE_ACCESS' OR signature <> 'SIMPLE'),
  CONSTRAINT withdrawal_sets_the_deadline CHECK ((withdrawn_at IS NULL) = (destroy_by IS NULL))
);

CREATE INDEX consents_by_person ON owners.consents (person_id);
CREATE UNIQUE INDEX consents_one_standing ON owners.consents (person_id, purpose)
  WHERE withdrawn_at IS NULL AND superseded_at IS NULL;
