// SPDX-License-Identifier: AGPL-3.0-or-later
import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./page.mjs";

const { Speakers } = await load("speaker.js");
const hear = (speakers, levels, times, from = 0) => {
    for (let at = 0; at < times; at += 1) speakers.hear(Object.entries(levels), from + at * 250);
    return from + times * 250;
};

test("one click is nobody speaking, two looks in a row are", () => {
    const speakers = new Speakers();
    hear(speakers, { a: 0.3, b: 0 }, 1);
    assert.equal(speakers.active, null);
    hear(speakers, { a: 0.3, b: 0 }, 1, 250);
    assert.equal(speakers.active, "a");
    assert.ok(speakers.speaking("a"));
});

test("a pause for breath does not take the mark away, a long one takes away only that they speak", () => {
    const speakers = new Speakers();
    let now = hear(speakers, { a: 0.3 }, 4);
    now = hear(speakers, { a: 0 }, 3, now);
    assert.ok(speakers.speaking("a"));
    hear(speakers, { a: 0 }, 6, now);
    assert.equal(speakers.speaking("a"), false);
    assert.equal(speakers.active, "a");
});

test("two of the same loudness do not flicker; a clearly louder one takes over", () => {
    const speakers = new Speakers();
    let now = hear(speakers, { a: 0.2, b: 0 }, 4);
    now = hear(speakers, { a: 0.2, b: 0.22 }, 8, now);
    assert.equal(speakers.active, "a");
    hear(speakers, { a: 0.05, b: 0.4 }, 6, now);
    assert.equal(speakers.active, "b");
    assert.deepEqual(speakers.recent, ["b", "a"]);
});

test("who leaves is forgotten, and only changes are told", () => {
    const speakers = new Speakers();
    hear(speakers, { a: 0.3 }, 3);
    assert.equal(speakers.hear([["a", 0.3]], 900), false);
    assert.equal(speakers.hear([], 1000), true);
    assert.equal(speakers.active, null);
});
