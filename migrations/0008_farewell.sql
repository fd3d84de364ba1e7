-- Members who have left for good and some of whose words are still there: db/farewell.h takes them away, page by page.
CREATE TABLE farewells (
    user_id INTEGER PRIMARY KEY REFERENCES users (id)
) STRICT;

-- A deleted post's pin loses its words, a former member's notices theirs.
CREATE INDEX notices_by_link ON notices (link) WHERE kind = 'pin';
CREATE INDEX notices_by_author ON notices (author_id);
