-- Why: a platform that keeps no keys can be asked about a command only by the name that it gave to it in its answer.
ALTER TABLE smart_home.operations ADD COLUMN platform_ref text;
