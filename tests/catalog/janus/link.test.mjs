// SPDX-License-Identifier: AGPL-3.0-or-later
import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./page.mjs";

const { signInAddress } = await load("account.js");
const { inviteOf, readLink, relayOf, relays, roomOfPath } = await load("link.js");
const ROOM = "kind-otter-brave-canoe-lamp";

test("a room is found however its words are said, typed or pasted", () => {
    for (const text of [
        ROOM, " Kind Otter Brave Canoe Lamp ", "kind, otter, brave, canoe, lamp.", "KIND-OTTER-BRAVE-CANOE-LAMP",
        "kind dash otter dash brave dash canoe dash lamp", "kind – otter – brave – canoe – lamp",
        "kind\notter\tbrave canoe  lamp", `/${ROOM}`, `video.example.org/${ROOM}`,
        `Come to ${ROOM}, we begin at 8`, `Here: https://video.example.org/${ROOM}?x=1#relay`,
    ]) assert.equal(readLink(text).link, ROOM, text);
});

test("the host of a pasted address is told, so that a link elsewhere is not taken for one of ours", () => {
    assert.deepEqual(readLink(`https://Other.example.org:8443/${ROOM}/`), { link: ROOM, host: "other.example.org:8443" });
    assert.equal(readLink(ROOM).host, null);
});

test("what is not five words is no room", () => {
    for (const text of ["", "kind otter", "kind otter brave canoe lamp six", "k1nd otter brave canoe lamp",
        "https://video.example.org/", "https://video.example.org/api/rooms", "../../etc/passwd", "<b>a</b> c d e f"]) {
        assert.equal(readLink(text).link, null, text);
    }
});

test("an address belongs to a room or to the start page", () => {
    assert.equal(roomOfPath(`/${ROOM}`), ROOM);
    assert.equal(roomOfPath(`/${ROOM.toUpperCase()}/`), ROOM);
    assert.equal(roomOfPath("/"), null);
    assert.equal(roomOfPath("/kind-otter"), null);
});

test("a guest's link is read whole, wherever it stands behind the hash", () => {
    const invite = "1796000000.AbC-d_9";
    for (const text of [`#invite=${invite}`, `#relay&invite=${invite}`, `Here: https://x.example/${ROOM}#invite=${invite} .`]) {
        assert.equal(inviteOf(text), invite, text);
    }
    for (const text of ["", "#relay", `invite=${invite}`, "#invite=", "#invite=x", `#reinvite=${invite}`]) {
        assert.equal(inviteOf(text), null, text);
    }
});

test("the sign-in leads back to the room, and is not told of a guest's link", () => {
    const account = { sign_in: "https://gate.example.org/gate/login?rd=" };
    const page = new URL(`https://video.example.org:8443/${ROOM}#invite=1.x`);
    assert.equal(signInAddress(account, page),
        `${account.sign_in}https%3A%2F%2Fvideo.example.org%3A8443%2F${ROOM}`);
    assert.equal(signInAddress(null, page), null);
});

test("a browser can be held to the relay, or to the relay inside TLS", () => {
    assert.deepEqual(["", "#relays", "#unrelay", "#relay", "#relay=any", "#relay=tls&invite=1.a", "#invite=1.a&relay=tls"].map(relayOf),
        [null, null, null, "any", "any", "tls", "tls"]);
    const servers = [{ urls: ["turn:h:3478?transport=udp", "turns:h:5349?transport=tcp"], username: "n", credential: "c" }];
    assert.deepEqual(relays(servers, "any"), servers);
    assert.deepEqual(relays(servers, null), servers);
    assert.deepEqual(relays(servers, "tls"), [{ ...servers[0], urls: ["turns:h:5349?transport=tcp"] }]);
});
