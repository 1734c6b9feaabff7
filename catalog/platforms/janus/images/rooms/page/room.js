// SPDX-License-Identifier: AGPL-3.0-or-later
// The room: pictures, keys, panels, and what the page says while the meeting goes on.

import { ChatPanel } from "./chatpanel.js";
import { choices } from "./choices.js";
import { $, actions, all, announce, button, copied, make, memory, say, show, template } from "./dom.js";
import { LETTERS, draw, letter, lettersOn, pressed } from "./keys.js";
import { meter } from "./media.js";
import { PeoplePanel } from "./peoplepanel.js";
import { Sound } from "./sound.js";
import { Tiles } from "./tiles.js";
import { deviceSentence } from "./troubles.js";
import { t } from "./words.js";
import { watchWaking } from "./waking.js";

const SHOWN_MS = 7000;

export function showRoom(app, meeting) {
    new Room(app, meeting).open();
}

class Room {
    constructor(app, meeting) {
        [this.app, this.meeting, this.media] = [app, meeting, meeting.media];
        this.view = template("t-room");
        this.undo = new AbortController();
    }

    open() {
        const { view, meeting } = this;
        draw(view);
        this.tiles = new Tiles($("#stage", view), meeting);
        this.sound = new Sound(view, (blocked) => this.#soundBlocked(blocked));
        this.chat = new ChatPanel($("#chat-panel", view), meeting);
        this.people = new PeoplePanel($("#people-panel", view), meeting, this.app.link);
        $("[data-action=share]", view).hidden = !navigator.mediaDevices?.getDisplayMedia;
        $("[data-action=full-screen]", view).hidden = !document.fullscreenEnabled;
        this.#wire();
        show(view, meeting.room.title);
        for (const act of [this.#room, this.#peopleChanged, this.#tracks, this.#chatChanged]) act.call(this);
        if (!this.media.audio) this.#note(t("room.listening"));
    }

    #wire() {
        const { view, meeting, undo: { signal } } = this;
        const on = (what, act) => meeting.addEventListener(what, (event) => act.call(this, event.detail), { signal });
        on("state", this.#state);
        on("people", this.#peopleChanged);
        on("tracks", this.#tracks);
        on("chat", this.#chatChanged);
        on("room", this.#room);
        on("speakers", () => this.tiles.mark());
        on("note", this.#said);
        this.table = this.#table();
        actions(view, this.table);
        document.addEventListener("keydown", (event) => this.#key(event), { signal });
        document.addEventListener("fullscreenchange", () => this.#keysState(), { signal });
        this.media.addEventListener("change", () => this.#ownVoice(), { signal });
        watchWaking(meeting, signal);
        this.#ownVoice();
    }

    #table() {
        const { meeting, media } = this;
        return {
            mute: () => this.#microphone(),
            camera: () => this.#camera(),
            hand: () => meeting.raise(!meeting.hand),
            chat: () => this.#panel("chat"),
            people: () => this.#panel("people"),
            "close-panel": () => this.#panel(this.view.dataset.panel),
            more: () => this.#more(),
            share: () => (media.screen ? media.unshare() : this.#share()),
            "copy-link": () => this.#copy(),
            "full-screen": () => this.#fullScreen(),
            settings: () => this.#settings(),
            leave: () => meeting.leave(),
            "allow-sound": () => this.sound.unblock(),
        };
    }

    // --- what happens in the meeting

    #state() {
        const { meeting } = this;
        if (meeting.state === "over") {
            this.#close();
            this.app.over(meeting);
            return;
        }
        const back = meeting.state === "back";
        if (!back && this.wasBack) this.#note(t("room.back_again"));
        this.wasBack = back;
        say($("#banner", this.view), !navigator.onLine ? t("room.offline") : back ? t("room.coming_back")
            : meeting.noMedia ? t("room.no_media") : "");
    }

    #room() {
        const { room } = this.meeting;
        $("#room-heading", this.view).textContent = room.title;
        this.people.room();
    }

    #peopleChanged() {
        this.tiles.update();
        this.people.update();
        this.#keysState();
    }

    #tracks() {
        this.sound.update(this.meeting.tracks);
        this.tiles.update();
    }

    #chatChanged(message) {
        this.chat.update();
        this.#keysState();
        if (!message || message.from === this.meeting.you.id) return;
        const text = t("chat.heard", message);
        if ($("#chat-panel", this.view).hidden) this.#note(text);
        else announce(text);
    }

    #said({ what, person, by }) {
        const texts = {
            joined: () => announce(t("room.joined", person)),
            left: () => announce(t("room.left", person)),
            hand: () => this.#note(t("room.raised", person)),
            muted: () => this.#note(t("room.muted_by", { name: by })),
            full_publishers: () => this.#note(t("room.full_publishers")),
            changes: () => {},
        };
        texts[what]?.();
    }

    // --- what the member does

    async #microphone() {
        const { media, meeting } = this;
        if (media.audio && !media.muted) {
            media.mute(true);
            return;
        }
        meeting.listenOnly = false;
        media.muted = false;
        if (media.audio) media.mute(false);
        else await media.microphoneOn();
        if (!media.audio) this.#note(t(deviceSentence("microphone", media.troubles.microphone, media.secure)));
    }

    async #camera() {
        const { media, meeting } = this;
        if (media.video) {
            media.cameraOff();
            return;
        }
        meeting.listenOnly = false;
        this.filmed = false;
        if (meeting.mode === "audio") this.#setMode("low");
        await media.cameraOn();
        if (!media.video) this.#note(t(deviceSentence("camera", media.troubles.camera, media.secure)));
    }

    async #share() {
        try {
            await this.media.share();
        } catch (error) {
            if (error.name !== "NotAllowedError") this.#note(t("room.share_failed"));
        }
    }

    async #copy() {
        const address = `${location.origin}/${this.app.link}`;
        const spoken = this.app.link.replaceAll("-", " ");
        this.#note(await copied(address) ? t("room.copied", { words: spoken }) : address);
    }

    #fullScreen() {
        if (document.fullscreenElement) document.exitFullscreen();
        else document.documentElement.requestFullscreen().catch(() => {});
    }

    #setMode(mode) {
        const { media, meeting } = this;
        // Back from sound only, the camera is as it was before.
        if (meeting.mode !== "audio") this.filmed = Boolean(media.video);
        memory.set("mode", mode);
        media.mode = mode;
        meeting.setMode(mode);
        if (mode === "audio") media.cameraOff();
        else if (this.filmed) media.cameraOn();
        this.tiles.update();
    }

    #settings() {
        const dialog = template("t-settings");
        draw(dialog);
        const made = choices(this.media, this.meeting.mode,
            { mode: (mode) => this.#setMode(mode), speaker: (id) => this.sound.speaker(id) });
        $("#settings-choices", dialog).append(made.element);
        const use = $("#use-keys", dialog);
        use.checked = lettersOn();
        use.addEventListener("change", () => memory.set("letters", use.checked));
        for (const [key, [, name]] of Object.entries(LETTERS)) {
            $("#key-list", dialog).append(make("dt", {}, make("kbd", {}, key.toUpperCase())), make("dd", {}, t(name)));
        }
        dialog.addEventListener("close", () => {
            made.stop();
            dialog.remove();
        });
        this.#more(false);
        this.view.append(dialog);
        this.media.look();
        dialog.showModal();
    }

    // --- keys and panels

    #panel(which) {
        const was = this.view.dataset.panel;
        const now = was === which ? "" : which;
        this.view.dataset.panel = now;
        for (const name of ["chat", "people"]) {
            $(`#${name}-panel`, this.view).hidden = name !== now;
            $(`.bar [data-action=${name}]`, this.view).setAttribute("aria-expanded", String(name === now));
        }
        this.#more(false);
        if (now === "chat") this.chat.open();
        else if (now === "people") $("#people-panel [data-action=close-panel]", this.view).focus();
        else this.#focusKey(was);
        this.#keysState();
    }

    #focusKey(name) {
        const key = $(`.bar [data-action=${name}]`, this.view);
        (key?.offsetParent ? key : $(".bar [data-action=more]", this.view))?.focus();
    }

    #more(open = !$("#more-keys", this.view).classList.contains("open")) {
        $("#more-keys", this.view).classList.toggle("open", open);
        $("[data-action=more]", this.view).setAttribute("aria-expanded", String(open));
    }

    #key(event) {
        if (event.key === "Escape") {
            if (event.target.closest?.("dialog")) return;
            if ($("#more-keys", this.view).classList.contains("open")) this.#more(false);
            else if (this.view.dataset.panel) this.#panel(this.view.dataset.panel);
            return;
        }
        const action = letter(event);
        if (!action || $(`.bar [data-action=${action}]`, this.view)?.hidden) return;
        event.preventDefault();
        this.table[action]();
    }

    #keysState() {
        const { view, media, meeting } = this;
        const key = (name) => $(`.bar [data-action=${name}]`, view);
        pressed(key("mute"), Boolean(media.audio) && !media.muted, "mic");
        pressed(key("camera"), Boolean(media.video), "camera");
        pressed(key("hand"), meeting.hand);
        pressed(key("share"), Boolean(media.screen));
        pressed(key("full-screen"), Boolean(document.fullscreenElement));
        count(key("chat"), meeting.chat.unread(), "chat.unread");
        count(key("people"), meeting.people.size, "people.count");
    }

    // --- our own voice, and notes

    #ownVoice() {
        const { media, meeting } = this;
        if (media.muted === false) this.warned = false;
        if (this.heard === media.audio) return;
        this.voice?.stop();
        this.heard = media.audio;
        let loud = 0;
        this.voice = media.audio ? meter(media.audio, (level) => {
            meeting.ownLevel = level;
            loud = media.muted && level > 0.06 ? loud + 1 : 0;
            if (loud < 5 || this.warned) return;
            this.warned = true;
            this.#note(t("room.you_are_muted"));
        }, 150) : null;
    }

    #soundBlocked(blocked) {
        const known = $("[data-action=allow-sound]", this.view);
        if (!blocked) known?.remove();
        if (!blocked || known) return;
        const key = button("allow-sound", "sound", t("room.allow_sound"), { class: "main allow" });
        $("#notes", this.view).before(key);
        announce(t("room.allow_sound"));
    }

    #note(text) {
        announce(text);
        const line = make("p", { class: "note", "aria-hidden": "true" }, text);
        $("#notes", this.view).append(line);
        all(".note", this.view).slice(0, -3).forEach((old) => old.remove());
        setTimeout(() => line.remove(), SHOWN_MS);
    }

    #close() {
        this.undo.abort();
        this.voice?.stop();
        this.sound.close();
        this.tiles.close();
        $("dialog", this.view)?.remove();
        if (document.fullscreenElement) document.exitFullscreen();
    }
}

function count(key, number, words) {
    const place = $(".count", key);
    place.hidden = number === 0;
    const text = String(number);
    if (place.dataset.number === text) return;
    place.dataset.number = text;
    place.replaceChildren(make("span", { "aria-hidden": "true" }, text),
        make("span", { class: "unseen" }, t(words, { count: number })));
}
