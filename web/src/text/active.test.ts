import assert from "node:assert/strict";
import { test } from "node:test";
import { activeLine } from "./active.ts";

const mary = { name: "Mary", role: "member", appearOffline: false } as const;
const hidden = { ...mary, appearOffline: true } as const;
const sarah = { name: "Sarah", role: "coach", appearOffline: false } as const;

const scenarios = [
    {
        name: "a coach and others",
        count: 13,
        coaches: ["Sarah"],
        me: mary,
        line: "Coach Sarah and 12 others are active now",
    },
    { name: "nobody, and I am hidden", count: 0, coaches: [], me: hidden, line: "No one is active now" },
    { name: "only me", count: 1, coaches: [], me: mary, line: "You are the only one here right now" },
    {
        name: "only me, the coach",
        count: 1,
        coaches: ["Sarah"],
        me: sarah,
        line: "You are the only one here right now",
    },
    { name: "a coach and me", count: 2, coaches: ["Sarah"], me: mary, line: "Coach Sarah and you are active now" },
    {
        name: "a coach, one other, me",
        count: 3,
        coaches: ["Sarah"],
        me: mary,
        line: "Coach Sarah and 2 others are active now",
    },
    {
        name: "a coach alone, and I am hidden",
        count: 1,
        coaches: ["Sarah"],
        me: hidden,
        line: "Coach Sarah is active now",
    },
    {
        name: "a coach and one, and I am hidden",
        count: 2,
        coaches: ["Sarah"],
        me: hidden,
        line: "Coach Sarah and 1 other are active now",
    },
    {
        name: "two coaches are named",
        count: 13,
        coaches: ["Sarah", "Dave"],
        me: mary,
        line: "Coach Sarah, Coach Dave and 11 others are active now",
    },
    {
        name: "two coaches and nobody else",
        count: 2,
        coaches: ["Sarah", "Dave"],
        me: hidden,
        line: "Coach Sarah and Coach Dave are active now",
    },
    {
        name: "of many coaches two are named",
        count: 5,
        coaches: ["Ann", "Bo", "Cy"],
        me: hidden,
        line: "Coach Ann, Coach Bo and 3 others are active now",
    },
    { name: "no coach", count: 13, coaches: [], me: mary, line: "You and 12 others are active now" },
    { name: "no coach, and I am hidden", count: 13, coaches: [], me: hidden, line: "13 members are active now" },
    { name: "one member, and I am hidden", count: 1, coaches: [], me: hidden, line: "1 member is active now" },
    { name: "I am the coach", count: 4, coaches: ["Sarah"], me: sarah, line: "You and 3 others are active now" },
    {
        name: "I am one of two coaches",
        count: 4,
        coaches: ["Dave", "Sarah"],
        me: sarah,
        line: "You, Coach Dave and 2 others are active now",
    },
    {
        name: "I am one of two coaches, alone",
        count: 2,
        coaches: ["Dave", "Sarah"],
        me: sarah,
        line: "You and Coach Dave are active now",
    },
    {
        name: "a name that says Coach already",
        count: 2,
        coaches: ["Coach Kim"],
        me: hidden,
        line: "Coach Kim and 1 other are active now",
    },
    {
        name: "thousands",
        count: 1235,
        coaches: ["Sarah"],
        me: mary,
        line: "Coach Sarah and 1,234 others are active now",
    },
];

for (const { name, count, coaches, me, line } of scenarios) {
    test(`active line: ${name}`, () => {
        assert.equal(activeLine({ team: "2", count, activeCoaches: coaches }, me), line);
    });
}
