-- The second file, rooms.db: what rooms keep (values, alarms), what members' messages were answered with, and likes on
-- their way into porchlight.db. Times are milliseconds since 1970-01-01T00:00:00Z.

-- With a rowid: a value may be larger than a page, and a walk over the keys should not step over the values.
CREATE TABLE room_values (
    room  TEXT NOT NULL,
    key   TEXT NOT NULL,
    value BLOB NOT NULL,
    PRIMARY KEY (room, key)
) STRICT;

CREATE TABLE room_alarms (
    room   TEXT    PRIMARY KEY,
    due_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX room_alarms_by_time ON room_alarms (due_ms);

-- The newest wish of each member for each post. Versions only grow, over both files and all restarts.
CREATE TABLE pending_likes (
    post_id INTEGER NOT NULL,
    user_id INTEGER NOT NULL,
    liked   INTEGER NOT NULL CHECK (liked IN (0, 1)),
    at_ms   INTEGER NOT NULL,
    version INTEGER NOT NULL CHECK (version > 0),
    PRIMARY KEY (post_id, user_id)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX pending_likes_by_version ON pending_likes (version);

CREATE TABLE acks (
    user_id    INTEGER NOT NULL,
    id         TEXT    NOT NULL,
    answer     TEXT    NOT NULL,
    created_ms INTEGER NOT NULL,
    PRIMARY KEY (user_id, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX acks_by_age ON acks (created_ms);
