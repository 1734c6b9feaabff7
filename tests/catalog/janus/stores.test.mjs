// SPDX-License-Identifier: AGPL-3.0-or-later
import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./page.mjs";

const { People, colour, initials } = await load("people.js");
const { Chat, pieces } = await load("chat.js");

test("you come first, the others in the order in which they came", () => {
    const people = new People();
    people.welcome({ id: "me", name: "Me" }, [{ id: "a" }, { id: "me" }, { id: "b" }]);
    people.put({ id: "c" });
    assert.deepEqual(people.list().map((one) => one.id), ["me", "a", "b", "c"]);
    assert.equal(people.list()[0].you, true);
});

test("a change keeps what it does not name", () => {
    const people = new People();
    people.welcome({ id: "me" }, [{ id: "a", name: "Ada", audio: true }]);
    assert.equal(people.put({ id: "a", audio: false }).audio, true);
    assert.deepEqual([people.get("a").name, people.get("a").audio], ["Ada", false]);
});

test("after a break the list is the server's, and what has changed is told", () => {
    const people = new People();
    people.welcome({ id: "me" }, [{ id: "a" }, { id: "b" }]);
    assert.deepEqual(people.welcome({ id: "me" }, [{ id: "b" }, { id: "c" }]), { came: ["c"], left: ["a"] });
    assert.equal(people.size, 3);
});

test("hands stand in the order in which they went up", () => {
    const people = new People();
    people.welcome({ id: "me" }, [{ id: "a" }, { id: "b" }]);
    for (const id of ["b", "me", "a"]) people.put({ id, hand: true });
    people.put({ id: "b", hand: false });
    people.put({ id: "b", hand: true });
    assert.deepEqual(people.hands().map((one) => one.id), ["me", "a", "b"]);
});

test("a face has one or two letters in any script, and a colour that stays", () => {
    assert.deepEqual(["Ada Lovelace King", "bo", " ", "سلمى علي", "👩‍🌾 Rosa"].map(initials).map((one) => one.length > 0),
        [true, true, false, true, true]);
    assert.equal(initials("Ada Lovelace King"), "AK");
    assert.equal(colour("p1"), colour("p1"));
    assert.ok(colour("x".repeat(5000)) < 8);
});

test("messages stand in the server's order and each once", () => {
    const chat = new Chat();
    for (const n of [2, 1, 2, 3]) chat.take({ n, at: n, text: String(n) });
    assert.deepEqual(chat.list().map((one) => one.n), [1, 2, 3]);
    assert.equal(chat.take({ n: 3, at: 3 }), false);
});

test("our own words wait until they come back with a number, and are sent again after a break", () => {
    const chat = new Chat();
    chat.say("hello", "m1");
    chat.say("   ", "m2");
    assert.deepEqual(chat.waiting(), [{ mid: "m1", text: "hello" }]);
    chat.welcome([{ n: 1, at: 1, mid: "m1", text: "hello" }]);
    assert.deepEqual([chat.waiting(), chat.list().length], [[], 1]);
});

test("a message longer than the server takes is cut, never in the middle of a letter", () => {
    const chat = new Chat();
    assert.equal([...chat.say("🌻".repeat(2100), "m").text].length, 2000);
});

test("coming back shows what was missed and nothing twice; a new meeting begins anew", () => {
    const chat = new Chat();
    chat.welcome([{ n: 1, at: 10 }, { n: 2, at: 11 }]);
    chat.read();
    assert.equal(chat.welcome([{ n: 1, at: 10 }, { n: 2, at: 11 }, { n: 3, at: 12 }]), 1);
    assert.equal(chat.unread(), 1);
    chat.welcome([{ n: 1, at: 50 }, { n: 2, at: 51 }, { n: 3, at: 52 }, { n: 4, at: 53 }]);
    assert.deepEqual(chat.list().map((one) => one.at), [50, 51, 52, 53]);
    chat.welcome([]);
    assert.deepEqual(chat.list(), []);
});

test("only web addresses become links", () => {
    const links = (text) => pieces(text).filter((part) => part.link).map((part) => part.text);
    assert.deepEqual(links("see https://a.example/x?y=1, or http://b.example."), ["https://a.example/x?y=1", "http://b.example"]);
    assert.deepEqual(links("javascript:alert(1) <a href=x> data:text/html,x ftp://c.example"), []);
    assert.equal(pieces("a https://b.example c").map((part) => part.text).join(""), "a https://b.example c");
});
