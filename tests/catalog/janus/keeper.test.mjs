// SPDX-License-Identifier: AGPL-3.0-or-later
import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./page.mjs";

const { Keeper, pause } = await load("keeper.js");
const settle = () => new Promise((resolve) => { setImmediate(resolve); });

/** A keeper whose connections are made by `results` in turn: "ok" or an error. */
function kept(...results) {
    const seen = { told: [], waits: [], open: [], closed: 0, wake: null };
    const timers = {
        setTimeout: (wake, ms) => { seen.waits.push(ms); seen.wake = wake; return 1; },
        clearTimeout: () => {},
    };
    const connect = async () => {
        const result = results.shift() ?? "ok";
        if (result !== "ok") throw result;
        const connection = { close: () => { seen.closed += 1; } };
        seen.open.push(connection);
        return connection;
    };
    const keeper = new Keeper({ connect, told: (what) => seen.told.push(what), timers });
    return { keeper, seen };
}

test("the pauses grow to eight seconds and never beyond, a little less by chance", () => {
    assert.deepEqual([0, 1, 2, 3, 4, 5, 50].map((tries) => pause(tries, () => 0)),
        [500, 1000, 2000, 4000, 8000, 8000, 8000]);
    assert.equal(pause(4, () => 1), 6000);
});

test("a break closes the old connection and makes a new one at once", async () => {
    const { keeper, seen } = kept();
    await keeper.start();
    keeper.broken(seen.open[0], "closed");
    await settle();
    assert.deepEqual([seen.told, seen.closed, seen.open.length], [["in", "back", "in"], 1, 2]);
});

test("a break that is told twice, or by an old connection, counts once", async () => {
    const { keeper, seen } = kept();
    await keeper.start();
    keeper.broken(seen.open[0]);
    keeper.broken(seen.open[0]);
    await settle();
    keeper.broken(seen.open[0]);
    await settle();
    assert.equal(seen.open.length, 2);
});

test("it tries until it works, waits as long as the server asks, and a nudge ends the waiting", async () => {
    const busy = Object.assign(new Error("too_many"), { retryAfter: 20 });
    const { keeper, seen } = kept("ok", new Error("down"), busy);
    await keeper.start();
    keeper.broken(seen.open[0]);
    await settle();
    keeper.nudge();
    await settle();
    assert.ok(seen.waits[0] <= 500);
    assert.equal(seen.waits[1], 20_000);
    keeper.nudge();
    await settle();
    assert.deepEqual(seen.told, ["in", "back", "waiting", "waiting", "in"]);
});

test("a final refusal ends it, and the first refusal is thrown for the lobby", async () => {
    const removed = Object.assign(new Error("removed"), { final: true });
    const { keeper, seen } = kept("ok", removed);
    await keeper.start();
    keeper.broken(seen.open[0]);
    await settle();
    assert.deepEqual(seen.told, ["in", "back", "over"]);
    await assert.rejects(kept(removed).keeper.start(), /removed/);
});

test("who leaves while a connection is being made does not come back", async () => {
    const { keeper, seen } = kept();
    const starting = keeper.start();
    keeper.stop();
    await starting;
    assert.deepEqual([seen.told, seen.closed], [[], 1]);
});
