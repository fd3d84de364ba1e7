-- Team chat: channels, what is said in them, and how far each member has it.
-- A channel's seq is the newest event of it and its messages; 0 for the first one of a team, which comes with the team.

CREATE TABLE channels (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    team_id    INTEGER NOT NULL REFERENCES teams (id),
    name       TEXT    NOT NULL,
    posting    TEXT    NOT NULL CHECK (posting IN ('everyone', 'coaches')),
    seq        INTEGER NOT NULL DEFAULT 0,
    created_ms INTEGER NOT NULL
) STRICT;

CREATE INDEX channels_by_team ON channels (team_id, id);

INSERT INTO channels (team_id, name, posting, created_ms)
SELECT id, 'Team chat', 'everyone', created_ms FROM teams ORDER BY id;

-- A message that was edited or deleted keeps its number, so that its place is known, and has the newest change's beside it.
CREATE TABLE messages (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    channel_id  INTEGER NOT NULL REFERENCES channels (id),
    author_id   INTEGER NOT NULL REFERENCES users (id),
    thread_id   INTEGER REFERENCES messages (id),
    client_id   TEXT,
    content     TEXT    NOT NULL,
    created_seq INTEGER NOT NULL,
    changed_seq INTEGER,
    created_ms  INTEGER NOT NULL,
    edited_ms   INTEGER,
    deleted_ms  INTEGER
) STRICT;

CREATE INDEX messages_by_channel ON messages (channel_id, id);
CREATE INDEX messages_by_number ON messages (channel_id, created_seq);
CREATE INDEX messages_by_change ON messages (channel_id, changed_seq) WHERE changed_seq IS NOT NULL;
CREATE INDEX messages_by_thread ON messages (thread_id, id) WHERE thread_id IS NOT NULL;
CREATE UNIQUE INDEX messages_by_client ON messages (author_id, client_id) WHERE client_id IS NOT NULL;

CREATE TABLE receipts (
    channel_id   INTEGER NOT NULL REFERENCES channels (id),
    user_id      INTEGER NOT NULL REFERENCES users (id),
    delivered_id INTEGER NOT NULL,
    read_id      INTEGER NOT NULL,
    PRIMARY KEY (channel_id, user_id)
) STRICT, WITHOUT ROWID;
