import assert from "node:assert/strict";
import { test } from "node:test";
import { readMetrics } from "./metrics.ts";

const metrics = readMetrics(`# HELP porchlight_sockets Open sockets.
# TYPE porchlight_sockets gauge
porchlight_sockets 7
porchlight_http_requests_total{method="GET",route="/changes",status="200"} 40
porchlight_http_requests_total{method="GET",route="/changes",status="304"} 2
porchlight_http_requests_total{method="GET",route="/posts",status="200"} 5
odd{text="a \\"b\\", {c}=d"} 1.5e3
not a figure at all
half_a_line{
nothing NaN
`);

test("a figure without labels", () => assert.equal(metrics.sum("porchlight_sockets"), 7));

test("samples with the labels asked for are added up", () => {
    assert.equal(metrics.sum("porchlight_http_requests_total", { route: "/changes" }), 42);
    assert.equal(metrics.sum("porchlight_http_requests_total", { route: "/changes", status: "304" }), 2);
    assert.equal(metrics.sum("porchlight_http_requests_total"), 47);
});

test("quotes and braces inside a label end nothing", () => assert.equal(metrics.sum("odd"), 1500));

test("what is not there is undefined, not 0", () => {
    const absent = ["porchlight_socket", "nothing", "half_a_line", "not"];
    for (const name of absent) assert.equal(metrics.sum(name), undefined);
    assert.equal(metrics.sum("porchlight_sockets", { loop: "0" }), undefined);
});
