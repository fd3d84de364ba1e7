-- A member's weights become one value ("11 garden 9 lake"), so that learning them anew is one write however many topics
-- there are; and of what a member said of articles the newest 200 are kept.

INSERT INTO room_values (room, key, value)
    SELECT room, 'weights', CAST(GROUP_CONCAT(CAST(value AS TEXT) || ' ' || SUBSTR(key, 8), ' ') AS BLOB)
    FROM (SELECT room, key, value FROM room_values
          WHERE room >= 'member/' AND room < 'member0' AND key >= 'weight/' AND key < 'weight0' ORDER BY room, key)
    GROUP BY room;

DELETE FROM room_values WHERE room >= 'member/' AND room < 'member0' AND key >= 'weight/' AND key < 'weight0';

DELETE FROM room_values WHERE rowid IN (
    SELECT id FROM (SELECT rowid AS id, ROW_NUMBER() OVER (PARTITION BY room ORDER BY key DESC) AS place FROM room_values
                    WHERE room >= 'member/' AND room < 'member0' AND key >= 'feedback/' AND key < 'feedback0')
    WHERE place > 200);

UPDATE room_sizes SET (keys, bytes) = (
    SELECT COUNT(*), COALESCE(SUM(LENGTH(CAST(v.key AS BLOB)) + LENGTH(v.value)), 0)
    FROM room_values v WHERE v.room = room_sizes.room)
WHERE room >= 'member/' AND room < 'member0';
