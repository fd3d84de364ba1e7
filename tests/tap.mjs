/*
 * Reads TAP, from cmocka's binaries and from node's test runner, into a flat list of what passed and what failed.
 *
 * Node nests: the points of a suite stand, indented by four, before the point of the suite itself. Only leaves count;
 * a suite counts when it failed although all in it passed (a hook of it did). A file without a single test is a failure.
 */

const point = /^(not )?ok\b(?: (\d+))?(?: -)? ?(.*)$/;

/* Splits off "# SKIP why", "# TODO" and times. */
function directive(text) {
    const found = /\s# (SKIP|TODO)\b.*$/i.exec(text);
    return found
        ? { name: text.slice(0, found.index), skipped: true }
        : { name: text.replace(/\s# time=.*$/, ''), skipped: false };
}

export class TapReader {
    constructor() {
        this.passed = 0;
        this.skipped = 0;
        this.failures = []; // {name: [of suites and the test], details: [lines]}
        this.planned = undefined; // at the top level
        this.points = 0; // at the top level
        this.titles = []; // names of open subtests, by depth
        this.children = []; // by depth: what was counted below since the last point there
        this.yaml = undefined; // {indent, failure or undefined}
        this.comments = []; // before a point: cmocka says why a test failed there, or after it
        this.last = undefined; // the last failure, for comments that follow it
    }

    line(text) {
        const indent = text.length - text.trimStart().length;
        const rest = text.trim();
        if (this.yaml) {
            if (rest === '...' && indent === this.yaml.indent) this.yaml = undefined;
            else this.yaml.failure?.details.push(text.slice(this.yaml.indent));
            return;
        }
        if (rest === '---') {
            this.yaml = { indent, failure: this.last };
            return;
        }
        const depth = Math.floor(indent / 4);
        if (rest.startsWith('# Subtest: ')) {
            this.titles.length = depth;
            this.titles[depth] = rest.slice('# Subtest: '.length);
            this.children[depth] = { points: 0, failures: 0 };
            return;
        }
        const plan = /^1\.\.(\d+)/.exec(rest);
        if (plan && depth === 0) this.planned = Number(plan[1]);
        const found = point.exec(rest);
        if (found && (found[2] || found[3])) this.point(depth, !found[1], directive(found[3]));
        else if (rest.startsWith('#') && this.last) this.last.details.push(rest);
    }

    point(depth, ok, { name, skipped }) {
        this.last = undefined;
        if (depth === 0) this.points += 1;
        const below = this.children[depth] ?? { points: 0, failures: 0 };
        this.children[depth] = undefined;
        const above = depth > 0 ? this.children[depth - 1] : undefined;
        if (above) above.points += 1;
        const empty = below.points === 0 && /\.m?js$/.test(name);
        if (below.points > 0 && ok) return;
        if (!ok && above) above.failures += 1;
        if (!ok && below.failures > 0) return;
        if (skipped) this.skipped += 1;
        else if (ok && !empty) this.passed += 1;
        else {
            this.last = {
                name: [...this.titles.slice(0, depth), name],
                details: empty && ok ? ['it has no tests'] : [],
            };
            this.failures.push(this.last);
        }
    }

    /* Call at the end of the output: a plan that was not kept is a failure of its own. */
    end(name) {
        if (this.planned !== undefined && this.points < this.planned) {
            this.failures.push({ name: [name], details: [`ended after ${this.points} of ${this.planned} tests`] });
        }
    }
}
