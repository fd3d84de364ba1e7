-- Of a counter that took many changes the newest 200,000 are kept. How many were forgotten stands in its row, and only such
-- counters stand in this index.

ALTER TABLE counters ADD COLUMN forgotten INTEGER NOT NULL DEFAULT 0 CHECK (forgotten BETWEEN 0 AND operations);

CREATE INDEX counters_long ON counters (id) WHERE operations > 200000;
