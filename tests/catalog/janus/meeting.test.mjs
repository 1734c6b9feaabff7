// SPDX-License-Identifier: AGPL-3.0-or-later
import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./page.mjs";

const { Meeting } = await load("meeting.js");
const { Live } = await load("live.js");
const { Trouble } = await load("troubles.js");
const { socketAddress } = await load("api.js");
const soon = (ms = 5) => new Promise((resolve) => { setTimeout(resolve, ms); });

class FakeMedia extends EventTarget {
    audio = null; video = null; screen = null; muted = false; closed = false;

    mute(muted) {
        this.muted = muted;
        this.dispatchEvent(new Event("change"));
    }

    close() { this.closed = true; }
}

/** A session whose handles answer at once; nobody else publishes. */
function session() {
    return {
        attach(given) {
            given.success({
                webrtcStuff: { pc: null }, detach() {},
                send({ message, success }) {
                    success();
                    if (message.request === "join") queueMicrotask(() => given.onmessage({ videoroom: "joined", publishers: [] }));
                },
            });
        },
    };
}

function made(joins = []) {
    const seen = { passes: [], lives: [], sessions: [], states: [], sent: [] };
    const outside = {
        relayOnly: false, address: (...all) => all.join(" "),
        api: {
            join: async (link, who) => {
                seen.passes.push({ ...who });
                const refusal = joins.shift();
                if (refusal) throw refusal;
                return { ticket: "t", you: { id: "me", name: who.name }, room: { bitrate_kbit: 800 }, ice_servers: [] };
            },
        },
        openLive: async (address, given) => {
            seen.lives.push(given);
            const room = { title: "Room", bitrate_kbit: 800 };
            given.onMessage({ type: "welcome", you: { id: "me", name: "Me" }, room, people: [], chat: [] });
            return { send: (message) => seen.sent.push(message), close() {}, check() {} };
        },
        openSession: async (_address, given) => {
            seen.sessions.push(given);
            return { session: session(), ice: [], close() {} };
        },
    };
    const media = new FakeMedia();
    const meeting = new Meeting({ link: "a-b-c-d-e", name: "Me", media, mode: "full", outside });
    meeting.addEventListener("state", () => seen.states.push(meeting.state));
    return { meeting, media, seen, say: (message) => seen.lives.at(-1).onMessage(message) };
}

test("a break leads back as the same person with the same mute, and unsent words go out", async () => {
    const { meeting, media, seen } = made();
    await meeting.join();
    media.mute(true);
    meeting.raise(true);
    meeting.write("still on the way");
    seen.sent.length = 0;
    seen.lives[0].onBroken("closed");
    await soon();
    assert.deepEqual(seen.states, ["in", "back", "in"]);
    assert.equal(seen.passes[1].back, "me");
    assert.equal(meeting.reconnects, 1);
    assert.deepEqual(seen.sent.map((one) => one.type), ["state", "chat"]);
    assert.equal(seen.sent[0].hand, true);
    meeting.leave();
    assert.ok(media.closed);
});

test("removed, ended and moved stop everything and stay", async () => {
    for (const type of ["removed", "ended", "moved"]) {
        const { meeting, seen, say } = made();
        await meeting.join();
        say({ type });
        seen.lives[0].onBroken("closed");
        await soon();
        assert.deepEqual([meeting.state, meeting.why.code, seen.passes.length], ["over", type, 1]);
    }
});

test("who is refused while coming back is told why and stays out", async () => {
    const { meeting, seen } = made([null, new Trouble("removed")]);
    await meeting.join();
    seen.lives[0].onBroken("closed");
    await soon();
    assert.deepEqual([meeting.state, meeting.why.code], ["over", "removed"]);
});

test("a steward's mute closes the microphone, and a lowered hand can be raised again", async () => {
    const { meeting, media, seen, say } = made();
    await meeting.join();
    say({ type: "muted", by: "x" });
    assert.equal(media.muted, true);
    meeting.raise(true);
    say({ type: "changed", person: { id: "me", hand: false } });
    assert.equal(meeting.hand, false);
    meeting.raise(true);
    assert.deepEqual(seen.sent.filter((one) => one.type === "state").map((one) => one.hand), [false, true, true]);
    meeting.leave();
});

test("where no way lets media through, the member is told and can still write", async () => {
    const { meeting, seen } = made();
    const told = [];
    meeting.addEventListener("state", () => told.push([meeting.state, meeting.noMedia]));
    await meeting.join();
    seen.sessions.at(-1).onBroken("no media");
    await soon();
    seen.sessions.at(-1).onBroken("no media");
    await soon();
    assert.deepEqual(told, [["in", false], ["back", false], ["in", false], ["in", true]]);
    meeting.write("only words");
    assert.equal(seen.sent.at(-1).text, "only words");
    meeting.leave();
});

test("a full room is told where one comes in, and waited for where one comes back", async () => {
    const full = () => new Trouble("full");
    await assert.rejects(made([full()]).meeting.join(), { code: "full" });
    const { meeting, seen } = made([null, full()]);
    await meeting.join();
    seen.lives[0].onBroken("closed");
    await soon(900);
    assert.deepEqual([meeting.state, seen.passes.length], ["in", 3]);
    meeting.leave();
});

test("the sockets are on the page's own host, with the ticket in the query", () => {
    const address = socketAddress("a-b-c-d-e", "live", "x+/=", new URL("https://video.example.org:8443/a-b-c-d-e#relay"));
    assert.equal(address, "wss://video.example.org:8443/api/rooms/a-b-c-d-e/live?ticket=x%2B%2F%3D");
});

test("a channel that closes before the welcome is a failure, one that closes later is a break", async () => {
    let socket;
    class Socket {
        readyState = 1;
        constructor() { socket = this; }
        send() {}
        close() {}
    }
    const broken = [];
    const open = () => Live.open("x", { onMessage: () => {}, onBroken: (why) => broken.push(why), Socket });
    const failing = open();
    socket.onclose();
    await assert.rejects(failing, { code: "network" });
    const opening = open();
    socket.onmessage({ data: '{"type": "welcome"}' });
    await opening;
    socket.onclose();
    assert.deepEqual(broken, ["closed"]);
});

test("a channel that is silent after sleep counts as broken", async () => {
    let socket;
    class Socket {
        readyState = 1;
        constructor() { socket = this; }
        send() {}
        close() {}
    }
    const broken = [];
    const opening = Live.open("x", { onMessage: () => {}, onBroken: (why) => broken.push(why), Socket });
    socket.onmessage({ data: '{"type": "welcome"}' });
    const live = await opening;
    await soon();
    live.check(5);
    await soon(20);
    assert.deepEqual(broken, ["silent"]);
});
