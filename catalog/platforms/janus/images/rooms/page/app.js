// SPDX-License-Identifier: AGPL-3.0-or-later
// Begins: words, settings, who we are; then the start page or the room of the address. README.md lists what
// proofs and other programs may hold on to: data-action, ids and window.natmRoom.

import { api } from "./api.js";
import { memory } from "./dom.js";
import { inviteOf, relayOf, roomOfPath } from "./link.js";
import { showLobby } from "./lobby.js";
import { showOver } from "./over.js";
import { showRoom } from "./room.js";
import { showStart } from "./start.js";
import { loadWords } from "./words.js";

const app = {
    settings: {}, me: {}, meeting: null, view: "start",
    link: roomOfPath(location.pathname),
    invite: inviteOf(location.hash),
    relayOnly: relayOf(location.hash),

    start() {
        turn("start");
        app.link = null;
        return showStart(app);
    },
    lobby(wish) {
        turn("lobby");
        return showLobby(app, wish);
    },
    room(meeting) {
        app.meeting = meeting;
        turn("room");
        meeting.addEventListener("state", tell);
        showRoom(app, meeting);
    },
    over(meeting) {
        turn("over");
        if (state() === "signed_out") api.me().then((me) => { app.me = me; }).catch(() => {});
        showOver(app, meeting);
    },
    /** Into a room without loading the page again. */
    go(link, invite = null) {
        const rest = [app.relayOnly && `relay=${app.relayOnly}`, invite && `invite=${invite}`].filter(Boolean).join("&");
        history.pushState(null, "", `/${link}${rest && "#"}${rest}`);
        [app.link, app.invite] = [link, invite];
        return app.lobby();
    },
};

function begin() {
    [app.link, app.invite] = [roomOfPath(location.pathname), inviteOf(location.hash)];
    return app.link ? app.lobby() : app.start();
}

function state() {
    if (app.view !== "room" && app.view !== "over") return app.view;
    return app.meeting.state === "over" ? app.meeting.why.code : app.meeting.state;
}

function turn(view) {
    app.view = view;
    tell();
}

const tell = () => { document.documentElement.dataset.state = state(); };

/** For reading only: what the proofs count. */
function glass() {
    const plain = (value) => JSON.parse(JSON.stringify(value));
    return Object.freeze({
        get state() { return state(); },
        get reconnects() { return app.meeting?.reconnects ?? 0; },
        get mode() { return app.meeting?.mode ?? memory.get("mode", "full"); },
        people: () => plain(app.meeting?.people.list() ?? []),
        chat: () => plain(app.meeting?.chat.list() ?? []),
        stats: async () => plain(await app.meeting?.stats() ?? { feeds: {}, sent: null }),
    });
}

Object.defineProperty(window, "natmRoom", { value: glass() });
addEventListener("popstate", () => {
    app.meeting?.leave();
    begin();
});

const or = (otherwise) => () => otherwise;
[app.settings, app.me] = await Promise.all([
    api.settings().catch(or({})), api.me().catch(or({})), loadWords(document.documentElement.lang || "en"),
]);
await begin();
