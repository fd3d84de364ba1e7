/*
 * The two database files, opened beside the program: what tests of backups and repairs break and look at. Python's own
 * sqlite3 is used, so that nothing of the program under test says what its files hold.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

const SCRIPT = `
import json, sqlite3, sys
asked = json.load(sys.stdin)
db = sqlite3.connect(asked['file'], isolation_level=None)
if asked.get('rooms'):
    db.execute('ATTACH DATABASE ? AS rooms', (asked['rooms'],))
if asked.get('writable'):
    db.execute('PRAGMA writable_schema = ON')
answers = []
for sql in asked['statements']:
    answers.append([[value.hex() if isinstance(value, bytes) else value for value in row] for row in db.execute(sql)])
db.close()
json.dump(answers, sys.stdout)
`;

/* Runs statements on porchlight.db of a data directory, with rooms.db as `rooms`; the rows of each. */
export function sql(data, ...statements) {
    const options = statements.length > 0 && typeof statements.at(-1) === 'object' ? statements.pop() : {};
    const file = join(data, 'porchlight.db');
    const input = JSON.stringify({ file, rooms: join(data, 'rooms.db'), statements, ...options });
    const said = execFileSync('python3', ['-c', SCRIPT], { input, encoding: 'utf8', stdio: ['pipe', 'pipe', 'pipe'] });
    const answers = JSON.parse(said);
    assert.equal(answers.length, statements.length);
    return answers;
}

/* The one value of one statement. */
export const value = (data, statement) => sql(data, statement)[0][0]?.[0];
