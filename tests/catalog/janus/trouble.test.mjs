// SPDX-License-Identifier: AGPL-3.0-or-later
// What goes wrong in people's lives: each is told in a sentence, and as much goes on as can.
import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./page.mjs";

const { Media } = await load("media.js");
const { deviceSentences } = await load("troubles.js");
const { watchWaking } = await load("waking.js");

class Track extends EventTarget {
    enabled = true; stopped = false;
    constructor(kind) { super(); this.kind = kind; }
    stop() { this.stopped = true; }
}

/** A browser whose devices are refused by these names of errors; what may never be used is `blocked`. */
function browser({ camera, microphone, blocked = [] } = {}) {
    const asked = [];
    const refuse = (name) => { throw Object.assign(new Error(name), { name }); };
    const getUserMedia = async ({ audio, video }) => {
        asked.push([audio && "microphone", video && "camera"].filter(Boolean).join("+"));
        if (video && camera) refuse(camera);
        if (audio && microphone) refuse(microphone);
        const tracks = [audio && new Track("audio"), video && new Track("video")].filter(Boolean);
        const of = (kind) => () => tracks.filter((one) => one.kind === kind);
        return { getTracks: () => tracks, getAudioTracks: of("audio"), getVideoTracks: of("video") };
    };
    const here = {
        mediaDevices: { getUserMedia, enumerateDevices: async () => [], addEventListener() {} },
        permissions: { query: async ({ name }) => ({ state: blocked.includes(name) ? "denied" : "prompt" }) },
    };
    Object.defineProperty(globalThis, "navigator", { value: here, configurable: true, writable: true });
    globalThis.window = { isSecureContext: true };
    return asked;
}

async function opened(trouble) {
    const asked = browser(trouble);
    const media = new Media();
    await media.open();
    return { asked, media, said: deviceSentences(media.troubles, media.secure) };
}

test("no camera: the microphone works, and the sentence says what is missing", async () => {
    const { media, said } = await opened({ camera: "NotFoundError" });
    assert.deepEqual([media.audio?.kind, media.video], ["audio", null]);
    assert.deepEqual(said, { camera: "device.camera_missing", microphone: null });
});

test("a camera that another program has: the microphone works, and trying again is enough afterwards", async () => {
    const { media, said } = await opened({ camera: "NotReadableError" });
    assert.deepEqual([media.audio?.kind, said.camera], ["audio", "device.camera_busy"]);
    browser();
    await media.open();
    assert.deepEqual([media.video?.kind, media.troubles.camera], ["video", null]);
});

test("a camera that is taken away in the middle is told", async () => {
    const { media } = await opened();
    media.video.dispatchEvent(new Event("ended"));
    assert.deepEqual([media.video, deviceSentences(media.troubles).camera], [null, "device.camera_busy"]);
});

test("no permission for either: people are asked once, told once, and can listen", async () => {
    const { asked, media, said } = await opened({ camera: "NotAllowedError", microphone: "NotAllowedError" });
    assert.deepEqual([media.audio, media.video, asked], [null, null, ["microphone+camera"]]);
    assert.deepEqual(said, { camera: "device.both_denied", microphone: null });
});

test("a camera that is blocked for this page does not take the microphone away", async () => {
    const { asked, media, said } = await opened({ camera: "NotAllowedError", blocked: ["camera"] });
    assert.deepEqual([media.audio?.kind, asked], ["audio", ["microphone+camera", "microphone"]]);
    assert.deepEqual(said, { camera: "device.camera_denied", microphone: null });
});

test("a laptop that was asleep, or whose clock was set, looks at once whether the meeting is still there", () => {
    const real = [Date.now, globalThis.setInterval];
    let now = 1_700_000_000_000, tick;
    globalThis.setInterval = (act) => { tick = act; };
    Date.now = () => now;
    globalThis.document = new EventTarget();
    for (const name of ["addEventListener", "removeEventListener"]) globalThis[name] ??= () => {};
    let woken = 0;
    const end = new AbortController();
    watchWaking({ wake: () => { woken += 1; } }, end.signal);
    const pass = (ms) => { now += ms; tick(); };
    [3000, 3100, 2900].forEach(pass);
    assert.equal(woken, 0, "awake");
    pass(3_600_000);
    assert.equal(woken, 1, "an hour asleep, or the clock an hour on");
    pass(-3_600_000);
    pass(3000);
    assert.equal(woken, 1, "the clock an hour back says nothing");
    end.abort();
    [Date.now, globalThis.setInterval] = real;
});
