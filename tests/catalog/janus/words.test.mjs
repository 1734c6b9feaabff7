// SPDX-License-Identifier: AGPL-3.0-or-later
import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./page.mjs";

const { clock, t, useWords } = await load("words.js");

test("sentences take values and plural forms, and English stands in for what is missing", () => {
    useWords("pl", { a: "Hello {name}", b: { one: "{count} person", other: "{count} people" }, c: "English" },
        { b: { one: "{count} osoba", few: "{count} osoby", many: "{count} osób", other: "{count} osoby" } });
    assert.equal(t("a", { name: "{count} <b>" }), "Hello {count} <b>");
    assert.deepEqual([1, 3, 5].map((count) => t("b", { count })), ["1 osoba", "3 osoby", "5 osób"]);
    assert.equal(t("c"), "English");
    assert.equal(t("none.such"), "none.such");
});

test("a time is the server's, whatever the clock here says", () => {
    useWords("en", {});
    const real = Date.now;
    Date.now = () => real() + 3_600_000;
    const shown = clock(1_700_000_000);
    Date.now = real;
    assert.equal(shown, clock(1_700_000_000));
});
