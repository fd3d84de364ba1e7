-- Web Push: the key that push services know this server by, members' devices and wishes, and what is owed to them.
-- Times are milliseconds since 1970-01-01T00:00:00Z, minutes of a day count from midnight.

CREATE TABLE push_keys (
    public_key  BLOB    PRIMARY KEY,
    private_key BLOB    NOT NULL,
    created_ms  INTEGER NOT NULL
) STRICT;

CREATE TABLE push_devices (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id    INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    endpoint   TEXT    NOT NULL UNIQUE,
    public_key BLOB    NOT NULL,
    auth       BLOB    NOT NULL,
    created_ms INTEGER NOT NULL,
    taken_ms   INTEGER,
    failures   INTEGER NOT NULL DEFAULT 0 CHECK (failures >= 0)
) STRICT;

CREATE INDEX push_devices_by_user ON push_devices (user_id, id);

CREATE TABLE push_wishes (
    user_id   INTEGER PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    only_pins INTEGER NOT NULL CHECK (only_pins IN (0, 1)),
    quiet     INTEGER NOT NULL CHECK (quiet IN (0, 1)),
    from_min  INTEGER NOT NULL CHECK (from_min BETWEEN 0 AND 1439),
    to_min    INTEGER NOT NULL CHECK (to_min BETWEEN 0 AND 1439),
    zone_min  INTEGER NOT NULL
) STRICT;

-- A notice that devices are still to be found for: those after the last one that was looked at.
CREATE TABLE push_owed (
    notice_id INTEGER PRIMARY KEY REFERENCES notices (id) ON DELETE CASCADE,
    after_id  INTEGER NOT NULL
) STRICT;

-- One notice for one device. A newer one of the same topic takes its place.
CREATE TABLE push_deliveries (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    device_id  INTEGER NOT NULL REFERENCES push_devices (id) ON DELETE CASCADE,
    topic      TEXT    NOT NULL,
    notice_id  INTEGER NOT NULL REFERENCES notices (id) ON DELETE CASCADE,
    due_ms     INTEGER NOT NULL,
    expires_ms INTEGER NOT NULL,
    tries      INTEGER NOT NULL DEFAULT 0 CHECK (tries >= 0),
    UNIQUE (device_id, topic)
) STRICT;

CREATE INDEX push_deliveries_by_time ON push_deliveries (due_ms, id);
CREATE INDEX push_deliveries_by_notice ON push_deliveries (notice_id);
