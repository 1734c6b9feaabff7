// SPDX-License-Identifier: AGPL-3.0-or-later
import assert from "node:assert/strict";
import { test } from "node:test";
import { load, page } from "./page.mjs";
import { readFileSync } from "node:fs";

const { Judge, counts, measure, poor } = await load("quality.js");
const { adjusted, bitrate, cameraWish, encodings } = await load("sending.js");
const { Feeds, difference, personOf, screenOf, subscribed } = await load("feeds.js");
const { Trouble, deviceSentence, deviceSentences, sentence } = await load("troubles.js");
const english = JSON.parse(readFileSync(new URL("words/en.json", page)));

test("the camera's layers never ask for more than the room allows", () => {
    for (const kbit of [64, 128, 256, 800, 1200, 2500]) {
        const rates = encodings(kbit).map((one) => one.maxBitrate);
        assert.ok(rates[0] >= rates[1] || kbit < 256, `${kbit}: ${rates}`);
        if (kbit >= 256) assert.ok(rates.reduce((sum, one) => sum + one) <= kbit * 1000, `${kbit}: ${rates}`);
    }
    assert.deepEqual(encodings(1200).map((one) => [one.rid, one.scaleResolutionDownBy]), [["h", 1], ["m", 2], ["l", 4]]);
});

test("a weak link sends one small layer of 64 kbit/s", () => {
    assert.equal(bitrate(2000, "low"), 64_000);
    assert.deepEqual(encodings(1200, "low").map((one) => one.active), [false, false, true]);
    assert.equal(encodings(1200, "low")[2].maxBitrate, 64_000);
    assert.equal(cameraWish("low").width.ideal, 640);
});

test("a sender that is there is changed and keeps what we do not know", () => {
    const present = ["h", "m", "l"].map((rid) => ({ rid, active: true, priority: "low" }));
    const low = adjusted(present, 1200, "low");
    assert.deepEqual(low.map((one) => one.active), [false, false, true]);
    assert.equal(low[0].priority, "low");
    assert.deepEqual(adjusted(low, 1200, "full").map((one) => one.active), [true, true, true]);
    assert.equal(adjusted([{ active: true }], 1200, "full")[0].maxBitrate, 1_200_000);
});

test("losses and delay are poor, a little of either is not", () => {
    const now = (more) => ({ received: 1000, lost: 0, sentLoss: 0, delay: 0.05, ...more });
    assert.equal(poor(now({}), null), false);
    assert.equal(poor(now({ lost: 20 }), null), false);
    assert.equal(poor(now({ lost: 200 }), null), true);
    assert.equal(poor(now({ sentLoss: 0.1 }), null), true);
    assert.equal(poor(now({ delay: 0.9 }), null), true);
    assert.equal(poor(now({ lost: 200 }), { received: 0, lost: 200 }), false, "only what is new counts");
});

test("one bad moment is not weak, and weak does not end with one good moment", () => {
    const judge = new Judge();
    const look = (delay) => judge.look({ received: 0, lost: 0, sentLoss: 0, delay });
    assert.deepEqual([look(1), look(0), look(1), look(1)], [false, false, false, true]);
    assert.deepEqual([0, 0, 0].map(look), [false, false, false]);
    assert.equal(judge.weak, true);
    assert.equal(look(0), true);
    assert.equal(judge.weak, false);
});

const STATS = [
    { id: "t", type: "transport", selectedCandidatePairId: "pair" },
    { id: "pair", type: "candidate-pair", localCandidateId: "local", nominated: true, currentRoundTripTime: 0.2 },
    { id: "local", type: "local-candidate", candidateType: "relay", relayProtocol: "tls" },
    { id: "a", type: "inbound-rtp", kind: "audio", mid: "0", bytesReceived: 500, packetsReceived: 10, packetsLost: -1 },
    { id: "v", type: "inbound-rtp", kind: "video", mid: "1", bytesReceived: 9000, framesDecoded: 42 },
    { id: "o", type: "outbound-rtp", kind: "video", bytesSent: 70 }, { id: "o2", type: "outbound-rtp", kind: "video", bytesSent: 7 },
];

test("frames and bytes are counted for each stream, and a relay is seen", () => {
    const { mids, relay, sent } = counts(STATS);
    assert.deepEqual([mids[0].bytes, mids[1].frames, relay, sent.videoBytes], [500, 42, "tls", 77]);
    assert.deepEqual(counts([]), { mids: {}, relay: false, sent: { audioBytes: 0, videoBytes: 0 } });
    assert.equal(measure([STATS, []]).delay, 0.2);
    assert.equal(measure([STATS]).lost, 0);
});

test("what publishers do is kept, and asked for without ourselves", () => {
    const feeds = new Feeds();
    const streams = [{ mid: "0", type: "audio" }, { mid: "1", type: "video" }];
    assert.ok(feeds.take({ publishers: [{ id: "a", streams }, { id: "me", streams }, { id: "me-screen", streams }] }));
    assert.equal(feeds.take({ configured: "ok" }), false);
    assert.deepEqual(feeds.wanted("me", "full").map((one) => one.feed + one.mid), ["a0", "a1"]);
    assert.deepEqual(feeds.wanted("me", "audio").map((one) => one.type), ["audio"]);
    feeds.take({ publishers: [{ id: "a", streams: [streams[0], { ...streams[1], disabled: true }] }] });
    assert.equal(feeds.wanted("me", "full").length, 1);
    assert.ok(feeds.take({ unpublished: "a" }));
    assert.equal(feeds.take({ leaving: "ok" }), false);
    assert.deepEqual(feeds.wanted("me", "full"), []);
    assert.equal(personOf(screenOf("a")), "a");
});

test("only what differs is asked for or given back", () => {
    const have = subscribed([
        { active: true, feed_id: "a", feed_mid: "0", mid: "0", type: "audio" }, { active: false, mid: "1", type: "video" },
        { active: true, feed_id: "b", feed_mid: "0", mid: "2", type: "audio" },
    ]);
    const { add, drop } = difference(have, [{ feed: "a", mid: "0" }, { feed: "c", mid: "0" }]);
    assert.deepEqual([add.map((one) => one.feed), drop.map((one) => one.feed)], [["c"], ["b"]]);
});

test("every refusal and every trouble with a device has a sentence of its own", () => {
    const codes = ["unknown_room", "pin_needed", "pin_wrong", "removed", "removed_nearby", "bad_name", "locked", "full",
        "too_many", "sign_in_wrong", "stewards_only", "network"];
    const names = ["NotAllowedError", "NotFoundError", "NotReadableError", "OverconstrainedError"];
    const sentences = [...codes.map((code) => sentence(new Trouble(code))),
        ...["camera", "microphone"].flatMap((kind) => names.map((name) => deviceSentence(kind, { name })))];
    assert.equal(new Set(sentences).size, sentences.length);
    for (const one of sentences) assert.ok(english[one], one);
    assert.equal(sentence(new Trouble("anything")), "trouble.other");
    assert.equal(deviceSentence("camera", { name: "NotAllowedError" }, false), "device.insecure");
    assert.equal(deviceSentence("camera", { name: "Odd" }), "device.other");
});

test("what is the same for camera and microphone is said once", () => {
    const denied = { name: "NotAllowedError" };
    assert.deepEqual(deviceSentences({ camera: denied, microphone: denied }),
        { camera: "device.both_denied", microphone: null });
    assert.deepEqual(deviceSentences({ camera: denied, microphone: denied }, false),
        { camera: "device.insecure", microphone: null });
    assert.deepEqual(deviceSentences({ camera: null, microphone: denied }),
        { camera: null, microphone: "device.microphone_denied" });
});
