// SPDX-License-Identifier: AGPL-3.0-or-later
import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./page.mjs";

const { Subscriber } = await load("subscriber.js");
const { JanusError, Plugin } = await load("plugin.js");
const soon = () => new Promise((resolve) => { setTimeout(resolve, 1); });

/** Janus's end of one handle: knows which feeds there are, and tells when two negotiations overlap. */
class FakeHandle {
    streams = []; asked = []; offers = 0; overlaps = 0;

    constructor(feeds) {
        this.feeds = new Set(feeds);
        this.connection = { getTransceivers: () => this.streams.map(({ mid }) => ({ mid, receiver: { track: `t${mid}` } })) };
    }

    attach = async (_session, { onEvent }) => {
        this.onEvent = onEvent;
        return this;
    };

    async ask(body) {
        await soon();
        this.asked.push(body);
        if (body.request === "start") {
            this.offers -= 1;
            return;
        }
        if (body.request === "configure") return;
        for (const { feed, mid } of body.streams) {
            if (!this.feeds.has(feed)) throw new JanusError(428);
            const known = this.streams.find((one) => one.active && one.feed_id === feed && one.feed_mid === mid);
            if (body.request === "unsubscribe") Object.assign(known, { active: false, feed_id: undefined });
            else if (!known) {
                const type = mid === "1" ? "video" : "audio";
                this.streams.push({ active: true, feed_id: feed, feed_mid: mid, mid: String(this.streams.length), type });
            }
        }
        this.offer();
    }

    offer() {
        this.offers += 1;
        this.onEvent({ streams: this.streams.map((one) => ({ ...one })) }, { type: "offer" });
    }

    async answer() {
        this.answering = (this.answering ?? 0) + 1;
        if (this.answering > 1) this.overlaps += 1;
        await soon();
        this.answering -= 1;
        return { type: "answer" };
    }

    close() { this.closed = true; }
}

const both = (feed) => [{ feed, mid: "0", type: "audio" }, { feed, mid: "1", type: "video" }];

function made(...feeds) {
    const handle = new FakeHandle(feeds);
    const seen = { tracks: new Map(), broken: [] };
    const subscriber = new Subscriber(null, {
        attach: handle.attach, onTracks: (tracks) => { seen.tracks = tracks; }, onBroken: (why) => seen.broken.push(why),
    });
    return { handle, seen, subscriber };
}

test("all feeds come over one handle, each negotiation answered before the next", async () => {
    const { handle, seen, subscriber } = made("a", "b", "c");
    const wishes = [both("a"), [...both("a"), ...both("b")], [...both("b"), ...both("c")]];
    await Promise.all(wishes.map((wish) => subscriber.want(wish)));
    assert.deepEqual([...seen.tracks.keys()].sort(), ["b", "c"]);
    assert.deepEqual([handle.offers, handle.overlaps, seen.broken], [0, 0, []]);
    assert.equal(handle.asked.filter((one) => one.request === "join").length, 1);
});

test("nothing wanted asks for nothing", async () => {
    const { handle, subscriber } = made();
    await subscriber.want([]);
    assert.deepEqual(handle.asked, []);
});

test("a feed that has just gone does not keep the others away", async () => {
    const { seen, subscriber } = made("a");
    await subscriber.want([...both("gone"), ...both("a")]);
    assert.deepEqual([...seen.tracks.keys()], ["a"]);
    assert.deepEqual(seen.broken, []);
    subscriber.close();
});

test("an offer that Janus makes by itself is answered in its turn", async () => {
    const { handle, subscriber } = made("a", "b");
    await subscriber.want(both("a"));
    const adding = subscriber.want([...both("a"), ...both("b")]);
    handle.offer();
    await adding;
    await soon();
    await soon();
    await soon();
    assert.deepEqual([handle.offers, handle.overlaps], [0, 0]);
});

test("layers are told once, for the mid on our side, and again where the feed is new", async () => {
    const { handle, subscriber } = made("a", "b");
    const told = () => handle.asked.filter((one) => one.request === "configure").map((one) => one.streams);
    subscriber.layers(new Map([["a", { substream: 0, temporal: 1, send: true }], ["b", { substream: 2, temporal: 2, send: true }]]));
    await subscriber.want(both("a"));
    await soon();
    assert.deepEqual(told(), [[{ mid: "1", substream: 0, temporal: 1, send: true }]]);
    await subscriber.want([...both("a"), ...both("b")]);
    await soon();
    assert.deepEqual(told()[1], [{ mid: "3", substream: 2, temporal: 2, send: true }]);
    assert.equal(told().length, 2);
});

test("a handle's questions get their own answers, errors and a limit of time", async () => {
    const raw = { webrtcStuff: { pc: null }, detach() {}, send({ message, success }) { success({ direct: message.request }); } };
    let hear;
    const session = { attach: (given) => { hear = given; given.success(raw); } };
    const plugin = await Plugin.attach(session, { onEvent: () => {}, onBroken: (why) => broken.push(why) });
    const broken = [];
    const joined = plugin.ask({ request: "join" }, { until: (data) => data.videoroom === "joined" });
    hear.onmessage({ videoroom: "event" });
    hear.onmessage({ videoroom: "joined", id: "a" });
    assert.equal((await joined).data.id, "a");
    const refused = plugin.ask({ request: "publish" }, { until: (data) => data.configured });
    hear.onmessage({ error_code: 432, error: "full" });
    await assert.rejects(refused, { code: 432 });
    await assert.rejects(plugin.ask({ request: "publish" }, { until: () => false, ms: 5 }), { code: 0 });
    assert.deepEqual(await plugin.ask({ request: "configure" }), { direct: "configure" });
    raw.webrtcStuff.pc = { iceConnectionState: "connected" };
    hear.iceState("connected");
    hear.iceState("failed");
    hear.webrtcState(false, "ICE failed");
    assert.deepEqual(broken, ["ice"], "told once");
});

test("media that never came is told apart from media that broke", async () => {
    const raw = { webrtcStuff: { pc: { iceConnectionState: "failed" } }, detach() {} };
    let hear;
    const broken = [];
    const session = { attach: (given) => { hear = given; given.success(raw); } };
    await Plugin.attach(session, { onEvent: () => {}, onBroken: (why) => broken.push(why) });
    hear.iceState("failed");
    assert.deepEqual(broken, ["no media"]);
});
