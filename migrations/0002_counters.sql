-- Named counters of teams: what they stand at, and every change with who made it.

CREATE TABLE counters (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    team_id    INTEGER NOT NULL REFERENCES teams (id),
    name       TEXT    NOT NULL,
    value      INTEGER NOT NULL DEFAULT 0 CHECK (value BETWEEN -9007199254740991 AND 9007199254740991),
    operations INTEGER NOT NULL DEFAULT 0 CHECK (operations >= 0),
    milestone  INTEGER NOT NULL DEFAULT 0 CHECK (milestone >= 0),
    seq        INTEGER NOT NULL DEFAULT 0,
    created_ms INTEGER NOT NULL,
    updated_ms INTEGER NOT NULL,
    UNIQUE (team_id, name)
) STRICT;

-- A change has the number of its event. The counter's value and count of operations are those of its newest change.
CREATE TABLE counter_changes (
    counter_id INTEGER NOT NULL REFERENCES counters (id),
    operation  INTEGER NOT NULL CHECK (operation > 0),
    seq        INTEGER NOT NULL,
    kind       TEXT    NOT NULL CHECK (kind IN ('increment', 'decrement', 'setValue', 'reset')),
    value      INTEGER NOT NULL,
    previous   INTEGER NOT NULL,
    user_id    INTEGER NOT NULL REFERENCES users (id),
    at_ms      INTEGER NOT NULL,
    PRIMARY KEY (counter_id, operation)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX counter_changes_by_number ON counter_changes (counter_id, seq);

-- What is told event by event. Counters and channels change too often for that and are told as they stand: kinds 7 to 11.
CREATE INDEX events_listed ON events (team_id, seq) WHERE kind NOT IN (7, 8, 9, 10, 11);
