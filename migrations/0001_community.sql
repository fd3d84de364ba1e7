-- The community: members, teams, posts, likes, notices, and the one sequence of events that cursors count.
-- Times are milliseconds since 1970-01-01T00:00:00Z. Ids never come back (AUTOINCREMENT), since clients keep them.

CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value BLOB NOT NULL
) STRICT;

CREATE TABLE sequence (
    name  TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT;

INSERT INTO sequence (name, value) VALUES ('event', 0);

CREATE TABLE users (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    username        TEXT    NOT NULL UNIQUE,
    name            TEXT    NOT NULL,
    role            TEXT    NOT NULL CHECK (role IN ('member', 'coach', 'admin')),
    password        TEXT,
    external_id     TEXT    UNIQUE,
    appear_offline  INTEGER NOT NULL DEFAULT 0 CHECK (appear_offline IN (0, 1)),
    disabled        INTEGER NOT NULL DEFAULT 0 CHECK (disabled IN (0, 1)),
    tokens_after_ms INTEGER NOT NULL DEFAULT 0,
    created_ms      INTEGER NOT NULL
) STRICT;

CREATE TABLE teams (
    id         INTEGER PRIMARY KEY REFERENCES users (id),
    name       TEXT    NOT NULL,
    created_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE memberships (
    team_id   INTEGER NOT NULL REFERENCES teams (id),
    user_id   INTEGER NOT NULL REFERENCES users (id),
    joined_ms INTEGER NOT NULL,
    PRIMARY KEY (team_id, user_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX memberships_by_user ON memberships (user_id, joined_ms, team_id);

CREATE TABLE posts (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    team_id     INTEGER NOT NULL REFERENCES teams (id),
    author_id   INTEGER NOT NULL REFERENCES users (id),
    body        TEXT    NOT NULL,
    topics      TEXT    NOT NULL DEFAULT '',
    likes       INTEGER NOT NULL DEFAULT 0 CHECK (likes >= 0),
    pinned_ms   INTEGER,
    created_ms  INTEGER NOT NULL,
    edited_ms   INTEGER,
    deleted_ms  INTEGER,
    created_seq INTEGER NOT NULL
) STRICT;

CREATE INDEX posts_by_team ON posts (team_id, id) WHERE deleted_ms IS NULL;
CREATE INDEX posts_by_number ON posts (team_id, created_seq) WHERE deleted_ms IS NULL;
CREATE INDEX posts_pinned ON posts (team_id, pinned_ms) WHERE pinned_ms IS NOT NULL;

CREATE TABLE likes (
    post_id    INTEGER NOT NULL REFERENCES posts (id),
    user_id    INTEGER NOT NULL REFERENCES users (id),
    created_ms INTEGER NOT NULL,
    PRIMARY KEY (post_id, user_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE notices (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    kind       TEXT    NOT NULL CHECK (kind IN ('pin', 'announcement', 'win')),
    team_id    INTEGER REFERENCES teams (id),
    author_id  INTEGER NOT NULL REFERENCES users (id),
    title      TEXT    NOT NULL,
    body       TEXT    NOT NULL,
    link       TEXT,
    seq        INTEGER NOT NULL,
    created_ms INTEGER NOT NULL
) STRICT;

CREATE INDEX notices_by_team ON notices (team_id, seq);

CREATE TABLE events (
    seq        INTEGER PRIMARY KEY,
    team_id    INTEGER,
    kind       INTEGER NOT NULL,
    subject_id INTEGER NOT NULL,
    at_ms      INTEGER NOT NULL
) STRICT;

CREATE INDEX events_by_team ON events (team_id, seq);

CREATE TABLE invites (
    hash       BLOB    PRIMARY KEY,
    team_id    INTEGER NOT NULL REFERENCES teams (id),
    created_by INTEGER NOT NULL REFERENCES users (id),
    uses_left  INTEGER NOT NULL CHECK (uses_left >= 0),
    expires_ms INTEGER NOT NULL,
    created_ms INTEGER NOT NULL
) STRICT;

CREATE INDEX invites_by_expiry ON invites (expires_ms);

CREATE TABLE flags (
    name       TEXT PRIMARY KEY,
    value      INTEGER NOT NULL CHECK (value IN (0, 1)),
    changed_ms INTEGER NOT NULL
) STRICT;

INSERT INTO flags (name, value, changed_ms) VALUES ('realtime', 0, 0);

CREATE TABLE signing_keys (
    kid        TEXT PRIMARY KEY,
    public_key BLOB NOT NULL,
    secret_key BLOB,
    created_ms INTEGER NOT NULL,
    retired_ms INTEGER
) STRICT;

CREATE TABLE revocations (
    jti        TEXT PRIMARY KEY,
    user_id    INTEGER NOT NULL,
    expires_ms INTEGER NOT NULL
) STRICT;

CREATE INDEX revocations_by_expiry ON revocations (expires_ms);

CREATE TABLE replays (
    user_id     INTEGER NOT NULL,
    key         TEXT    NOT NULL,
    fingerprint BLOB    NOT NULL,
    status      INTEGER NOT NULL,
    body        TEXT    NOT NULL,
    created_ms  INTEGER NOT NULL,
    PRIMARY KEY (user_id, key)
) STRICT, WITHOUT ROWID;

CREATE INDEX replays_by_age ON replays (created_ms);

CREATE TABLE activity (
    day     INTEGER NOT NULL,
    user_id INTEGER NOT NULL,
    PRIMARY KEY (day, user_id)
) STRICT, WITHOUT ROWID;
