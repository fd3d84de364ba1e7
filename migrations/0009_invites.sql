-- An invite has a number, by which it is listed and taken back: nothing of its code is kept but a hash.

CREATE TABLE invites_numbered (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    hash       BLOB    NOT NULL UNIQUE,
    team_id    INTEGER NOT NULL REFERENCES teams (id),
    created_by INTEGER NOT NULL REFERENCES users (id),
    uses_max   INTEGER NOT NULL,
    uses_left  INTEGER NOT NULL CHECK (uses_left BETWEEN 0 AND uses_max),
    expires_ms INTEGER NOT NULL,
    created_ms INTEGER NOT NULL
) STRICT;

-- How often the older ones were to be used is not known: what is left of them stands for it.
INSERT INTO invites_numbered (hash, team_id, created_by, uses_max, uses_left, expires_ms, created_ms)
SELECT hash, team_id, created_by, uses_left, uses_left, expires_ms, created_ms FROM invites ORDER BY created_ms;

DROP TABLE invites;
ALTER TABLE invites_numbered RENAME TO invites;

CREATE INDEX invites_by_expiry ON invites (expires_ms);
CREATE INDEX invites_by_team ON invites (team_id, id);
