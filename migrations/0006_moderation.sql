-- Keeping a community kind: what is hidden, reports, mutes, the word list, and who did what.

-- 0: shown; 1: hidden by a coach or an admin; 2: held back by the word list, and shown to nobody yet; 3: held back by it
-- after an edit, and shown before.
ALTER TABLE posts ADD COLUMN hidden INTEGER NOT NULL DEFAULT 0 CHECK (hidden IN (0, 1, 2, 3));
ALTER TABLE messages ADD COLUMN hidden INTEGER NOT NULL DEFAULT 0 CHECK (hidden IN (0, 1, 2, 3));

-- The row of a member who left for good stays without anything about them: posts, counts and the audit log name its id.
ALTER TABLE users ADD COLUMN deleted_ms INTEGER;

-- The reporter is NULL when it was the word list. Nothing of what is reported is copied: it is read where it stands.
CREATE TABLE reports (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    subject     TEXT    NOT NULL CHECK (subject IN ('post', 'message')),
    subject_id  INTEGER NOT NULL,
    team_id     INTEGER NOT NULL REFERENCES teams (id),
    author_id   INTEGER NOT NULL REFERENCES users (id),
    reporter_id INTEGER REFERENCES users (id),
    reason      TEXT    NOT NULL CHECK (reason IN ('unkind', 'advert', 'private', 'worry', 'other', 'words')),
    words       TEXT    NOT NULL DEFAULT '',
    state       TEXT    NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'hidden', 'restored', 'dismissed')),
    created_ms  INTEGER NOT NULL,
    decided_ms  INTEGER,
    decided_by  INTEGER,
    UNIQUE (subject, subject_id, reporter_id)
) STRICT;

CREATE INDEX reports_by_state ON reports (state, id);
CREATE INDEX reports_by_team ON reports (team_id, state, id);
CREATE INDEX reports_by_reporter ON reports (reporter_id, id) WHERE reporter_id IS NOT NULL;

-- A mute ends by itself: whoever reads it compares the time.
CREATE TABLE mutes (
    team_id    INTEGER NOT NULL REFERENCES teams (id),
    user_id    INTEGER NOT NULL REFERENCES users (id),
    until_ms   INTEGER NOT NULL,
    created_by INTEGER NOT NULL,
    created_ms INTEGER NOT NULL,
    PRIMARY KEY (team_id, user_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX mutes_by_user ON mutes (user_id);

-- Folded: lower case, without accents.
CREATE TABLE words (
    word       TEXT PRIMARY KEY,
    created_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Ids and never names; the actor is NULL for the operator at the command line. Rows are only ever added.
CREATE TABLE audit (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    at_ms      INTEGER NOT NULL,
    actor_id   INTEGER,
    action     TEXT    NOT NULL,
    team_id    INTEGER,
    subject    TEXT,
    subject_id INTEGER,
    detail     TEXT    NOT NULL DEFAULT ''
) STRICT;

CREATE INDEX audit_by_actor ON audit (actor_id, id) WHERE actor_id IS NOT NULL;

CREATE TRIGGER audit_stays BEFORE UPDATE ON audit BEGIN
    SELECT RAISE(ABORT, 'the audit log is only added to');
END;

CREATE TRIGGER audit_keeps BEFORE DELETE ON audit BEGIN
    SELECT RAISE(ABORT, 'the audit log is only added to');
END;

-- What a member wrote, for their own copy and for taking it away.
CREATE INDEX posts_by_author ON posts (author_id, id);
CREATE INDEX messages_by_author ON messages (author_id, id);
