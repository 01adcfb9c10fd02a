-- Wrong passwords at an open session are counted with it, and a page that nobody has touched for a while locks it.
ALTER TABLE session ADD COLUMN failures BIGINT NOT NULL DEFAULT 0;
ALTER TABLE session ADD COLUMN locked BIGINT NOT NULL DEFAULT 0;
-- A password that somebody else has set is changed before anything else is done with it.
ALTER TABLE account ADD COLUMN must_change BIGINT NOT NULL DEFAULT 0;
-- Browsers at which an account has signed in before: guesses made elsewhere do not keep its owner out.
CREATE TABLE known_device (
  account TEXT NOT NULL REFERENCES account(id), token_hash TEXT NOT NULL, failures BIGINT NOT NULL DEFAULT 0, locked_until BIGINT,
  seen_at BIGINT NOT NULL, PRIMARY KEY (account, token_hash)
);
-- How far a device's clock is from ours, ms; positive when it is ahead.
CREATE TABLE peer_clock (
  peer TEXT PRIMARY KEY REFERENCES peer(id), ahead_ms BIGINT NOT NULL, seen_at BIGINT NOT NULL
);
