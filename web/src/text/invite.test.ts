import assert from "node:assert/strict";
import { test } from "node:test";
import { inviteCode } from "./invite.ts";

const code = "k7Qm2xWf9TzB4hNc";

for (const [pasted, wanted] of [
    [code, code],
    [`  ${code}\n`, code],
    [`https://community.example/#/join/${code}`, code],
    [`Join us: https://community.example/#/join/${code} See you!`, code],
    ["http://127.0.0.1:8080/#/join/a%2Fb", "a/b"],
    ["/#/join/%E0%A4%A", "%E0%A4%A"],
    ["k7Qm 2xWf", "k7Qm 2xWf"],
    ["", ""],
] as const) {
    test(`invite: ${JSON.stringify(pasted)}`, () => assert.equal(inviteCode(pasted), wanted));
}
