import assert from "node:assert/strict";
import { test } from "node:test";
import { readMetrics } from "../porchlight/metrics.ts";
import { readFigures } from "./useFigures.ts";

const text = (polls: number, started = 1_700_000_000): string => `process_start_time_seconds ${started}.000
porchlight_http_requests_total{method="GET",route="/changes",status="200"} ${polls}
porchlight_http_requests_total{method="GET",route="/presence",status="304"} 10
porchlight_http_requests_total{method="DELETE",route="/presence",status="204"} 90
porchlight_presence_people 13
`;

test("a rate needs two readings of the same server", () => {
    const first = readFigures(readMetrics(text(100)), 1_000, undefined);
    assert.equal(first.figures.here, 13);
    assert.equal(first.figures.pollsPerSecond, null);
    const second = readFigures(readMetrics(text(130)), 6_000, first);
    assert.equal(second.figures.pollsPerSecond, 6);
    assert.equal(readFigures(readMetrics(text(3, 1_700_000_100)), 9_000, second).figures.pollsPerSecond, null);
});

test("a build without sockets has none", () => {
    assert.equal(readFigures(readMetrics(text(1)), 0, undefined).figures.sockets, 0);
});
