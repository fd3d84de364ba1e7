-- Alarms that failed are tried again and then given up; how much a room keeps is known without a walk over it; and
-- requests that write to this file have answers of their own here, as those of porchlight.db have there.

ALTER TABLE room_alarms ADD COLUMN tries INTEGER NOT NULL DEFAULT 0;
ALTER TABLE room_alarms ADD COLUMN given_up INTEGER NOT NULL DEFAULT 0 CHECK (given_up IN (0, 1));

DROP INDEX room_alarms_by_time;
CREATE INDEX room_alarms_by_time ON room_alarms (due_ms, room) WHERE given_up = 0;

-- Values of the room, and the bytes of their keys and of themselves.
CREATE TABLE room_sizes (
    room   TEXT    PRIMARY KEY,
    keys   INTEGER NOT NULL CHECK (keys >= 0),
    bytes  INTEGER NOT NULL CHECK (bytes >= 0)
) STRICT, WITHOUT ROWID;

INSERT INTO room_sizes (room, keys, bytes)
    SELECT room, COUNT(*), SUM(LENGTH(CAST(key AS BLOB)) + LENGTH(value)) FROM room_values GROUP BY room;

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
