// SPDX-License-Identifier: AGPL-3.0-or-later
// A meeting from the first join to leaving: both sockets, what we send and receive, and coming back after a break.

import { Chat } from "./chat.js";
import { Feeds, isScreen, personOf, screenOf } from "./feeds.js";
import { Keeper } from "./keeper.js";
import { relays } from "./link.js";
import { People } from "./people.js";
import { CODES } from "./plugin.js";
import { Publisher } from "./publisher.js";
import { Judge, counts, measure } from "./quality.js";
import { Speakers } from "./speaker.js";
import { Subscriber } from "./subscriber.js";
import { Trouble } from "./troubles.js";

const FRESH_MS = 120_000;
const OVER = new Set(["removed", "signed_out", "ended", "moved"]);

/** Events: "state", "people", "tracks", "chat", "room", "speakers", "note" (detail: {what, ...}). */
export class Meeting extends EventTarget {
    state = "joining";
    why = null;
    people = new People();
    chat = new Chat();
    speakers = new Speakers();
    room = null;
    you = null;
    tracks = new Map();
    reconnects = 0;
    hand = false;
    listenOnly = false;
    noMedia = false;
    #outside; #who; #link; #keeper; #now = null; #judge = new Judge(); #timers = []; #layers = new Map();
    #asked = 0; #fruitless = 0;

    /** `outside`: {api, openLive, openSession, address, relayOnly}, so that tests bring their own. */
    constructor({ link, name, invite, media, mode, outside }) {
        super();
        [this.#link, this.#who, this.#outside] = [link, { name, invite: invite || undefined }, outside];
        [this.media, this.mode] = [media, mode];
        this.#keeper = new Keeper({
            connect: (broken) => this.#connect(broken), told: (...told) => this.#told(...told),
        });
        this.onMedia = () => this.#mediaChanged();
    }

    /** Goes in; a refusal is thrown for the lobby to show. */
    async join(pin) {
        this.#who.pin = pin || undefined;
        await this.#keeper.start();
        this.media.addEventListener("change", this.onMedia);
        this.#timers = [setInterval(() => this.#listen(), 250), setInterval(() => this.#look(), 4000)];
    }

    async #connect(broken) {
        const { api, openLive, openSession, address, relayOnly } = this.#outside;
        const pass = await api.join(this.#link, this.#who);
        this.#asked = performance.now();
        const one = { closed: false, feeds: new Feeds(), screen: null, close: () => this.#close(one) };
        const dead = new Promise((_, reject) => { one.fail = reject; });
        dead.catch(() => {});
        const onBroken = (why) => {
            if (one.closed || (why === "no media" && this.#blocked(one))) return;
            one.fail(new Trouble("network"));
            broken(one, why);
        };
        this.#now = one;
        Object.assign(this, { you: pass.you, room: { ...this.room, ...pass.room } });
        this.#who.back = pass.you.id;
        const open = async () => {
            one.live = await openLive(address(this.#link, "live", pass.ticket),
                { onMessage: (message) => this.#message(message, one), onBroken });
            one.janus = await openSession(address(this.#link, "janus", pass.ticket),
                { iceServers: pass.ice_servers, relayOnly, onBroken });
            await this.#enter(one, onBroken);
        };
        try {
            await Promise.race([open(), dead]);
        } catch (error) {
            one.close();
            throw error;
        }
        return one;
    }

    /** Where no media gets through twice in a row, the third time would not help: words still do. */
    #blocked(one) {
        this.#fruitless += 1;
        if (this.#fruitless < 2 || one !== this.#now) return false;
        this.noMedia = true;
        this.#tell("state");
        return true;
    }

    async #enter(one, onBroken) {
        this.tracks = new Map(); // Until here the last pictures stood still, which is calmer than none.
        one.subscriber = new Subscriber(one.janus.session,
            { onTracks: (feeds) => this.#received(feeds, one), onBroken });
        one.publisher = await Publisher.join(one.janus.session, {
            id: this.you.id, room: this.room, mode: this.mode, onBroken,
            onEvent: (data) => this.#published(data, one),
        });
        one.subscriber.layers(this.#layers);
        // Others need not wait for our camera: what we receive and what we send goes side by side.
        this.#send(one);
        this.#tellState(one);
        for (const { mid, text } of this.chat.waiting()) one.live.send({ type: "chat", text, mid });
    }

    #close(one) {
        if (one.closed) return;
        one.closed = true;
        for (const part of [one.screen, one.subscriber, one.publisher, one.janus, one.live]) {
            try {
                part?.close();
            } catch {
                // Already gone: that is why it is being closed.
            }
        }
        this.#judge.forget();
    }

    // --- what comes from the service

    #message(message, one) {
        if (one.closed) return;
        const known = {
            welcome: () => this.#welcome(message),
            joined: () => this.#person(message.person, "joined"),
            changed: () => this.#person(message.person, "changed"),
            left: () => this.#left(message.id),
            room: () => this.#roomChanged(message.room),
            chat: () => { if (this.chat.take(message)) this.#tell("chat", message); },
            muted: () => this.#mutedBy(message.by),
            full_publishers: () => this.#fullPublishers(),
        };
        if (OVER.has(message.type)) this.#over(message.type);
        else known[message.type]?.();
    }

    #welcome({ you, room, people, chat }) {
        const first = !this.people.you;
        this.you = { ...this.you, ...you };
        const { came, left } = this.people.welcome(this.you, people);
        this.room = { ...this.room, ...room };
        this.chat.welcome(chat);
        if (!first && came.length + left.length > 0) this.#tell("note", { what: "changes" });
        ["people", "room", "chat"].forEach((what) => this.#tell(what));
    }

    #person(person, what) {
        const before = this.people.put(person);
        if (person.id === this.you.id) {
            this.hand = person.hand ?? this.hand; // A steward may have lowered it.
            this.#now.said = null;
            this.you = { ...this.you, ...person };
        } else if (what === "joined" && !before) {
            this.#tell("note", { what: "joined", person });
        } else if (person.hand && !before?.hand) {
            this.#tell("note", { what: "hand", person: this.people.get(person.id) });
        }
        this.#tell("people");
    }

    #left(id) {
        const person = this.people.take(id);
        if (person && id !== this.you.id) this.#tell("note", { what: "left", person });
        this.#tell("people");
    }

    #roomChanged(room) {
        const bitrate = this.room?.bitrate_kbit;
        this.room = { ...this.room, ...room };
        if (room.bitrate_kbit && room.bitrate_kbit !== bitrate) this.#adjust();
        this.#tell("room");
    }

    #mutedBy(by) {
        if (!this.media.muted) this.media.mute(true);
        this.#tell("note", { what: "muted", by: this.people.get(by)?.name ?? by });
    }

    #fullPublishers() {
        if (this.listenOnly) return;
        this.listenOnly = true;
        this.media.close();
        this.#tell("note", { what: "full_publishers" });
    }

    // --- what comes from Janus

    #published(data, one) {
        if (one.closed) return;
        if (data.private_id) one.subscriber.privateId = data.private_id;
        if (one.feeds.take(data)) this.#subscribe(one);
        if (data.leaving === "ok" && data.reason === "kicked") this.#keeper.broken(one, "kicked");
    }

    #subscribe(one) {
        one.subscriber.want(one.feeds.wanted(this.you.id, this.mode));
    }

    #received(feeds, one) {
        if (one.closed) return;
        this.tracks = feeds;
        this.#tell("tracks");
    }

    // --- what we send

    #mediaChanged() {
        const one = this.#now;
        if (!one || one.closed || !one.publisher) return;
        this.#send(one);
        this.#tellState(one);
        this.#tell("people");
    }

    #send(one) {
        const { audio, video } = this.media;
        if (!this.listenOnly && (one.audio !== audio || one.video !== video)) {
            [one.audio, one.video] = [audio, video];
            one.publisher.send({ audio, video }).catch((error) => this.#notSent(error, one));
        }
        this.#sendScreen(one).catch((error) => this.#notSent(error, one));
    }

    #notSent(error, one) {
        if (one.closed) return;
        if (error.code === CODES.publishersFull) this.#fullPublishers();
        else this.#keeper.broken(one, error);
    }

    async #sendScreen(one) {
        const wanted = this.media.screen;
        if (one.sharing === wanted) return;
        one.sharing = wanted;
        one.screen?.close();
        one.screen = null;
        if (!wanted) return;
        await this.#freshRelays(one);
        const onBroken = (why) => { if (one.sharing === wanted) this.#keeper.broken(one, why); };
        const screen = await Publisher.join(one.janus.session, {
            id: screenOf(this.you.id), room: this.room, mode: "full", screen: true, onEvent: () => {}, onBroken,
        });
        if (one.sharing !== wanted) {
            screen.close();
            return;
        }
        one.screen = screen;
        await screen.send(wanted.audio ? { audio: wanted.audio, video: wanted.video } : { video: wanted.video });
    }

    /** A relay's password lasts minutes; another connection later on needs another one. */
    async #freshRelays(one) {
        if (performance.now() - this.#asked < FRESH_MS) return;
        const pass = await this.#outside.api.join(this.#link, this.#who).catch(() => null);
        if (!pass) return;
        this.#asked = performance.now();
        one.janus.ice.splice(0, Infinity, ...relays(pass.ice_servers, this.#outside.relayOnly));
    }

    #tellState(one) {
        const said = {
            audio: Boolean(this.media.audio) && !this.media.muted,
            video: Boolean(this.media.video),
            screen: Boolean(this.media.screen),
            hand: this.hand, weak: this.#judge.weak,
        };
        const key = JSON.stringify(said);
        if (one.said === key) return;
        one.said = key;
        one.live.send({ type: "state", ...said });
        this.people.put({ id: this.you.id, ...said });
    }

    // --- what the member does

    raise(hand) {
        this.hand = hand;
        this.#mediaChanged();
    }

    write(text) {
        const said = this.chat.say(text, crypto.randomUUID());
        if (said) this.#now?.live?.send({ type: "chat", ...said });
        this.#tell("chat");
    }

    lead(action, id) {
        this.#now?.live?.send({ type: "lead", do: action, id });
    }

    setMode(mode) {
        this.mode = mode;
        const one = this.#now;
        if (!one || one.closed || !one.subscriber) return;
        this.#subscribe(one);
        this.#adjust();
        this.#tell("people");
    }

    /** feed -> layer, from the sizes of the tiles. */
    show(layers) {
        this.#layers = layers;
        this.#now?.subscriber?.layers(layers);
    }

    #adjust() {
        this.#now?.publisher?.adjust(this.room, this.mode);
        this.#now?.screen?.adjust(this.room, "full");
    }

    /** Back from sleep or on another network: look whether we are still connected, at once. */
    wake() {
        if (this.state === "back") this.#keeper.nudge();
        else this.#now?.live?.check();
    }

    leave() {
        this.#over("left");
    }

    // --- how it goes

    #told(what, error) {
        if (this.state === "over") return;
        if (what === "over") {
            this.#over(error.code, error);
            return;
        }
        if (what === "in" && this.state === "back") this.reconnects += 1;
        this.noMedia = false;
        [this.state, this.why] = [what === "in" ? "in" : "back", error ?? null];
        this.#tell("state");
    }

    #over(why, error = new Trouble(why)) {
        if (this.state === "over") return;
        [this.state, this.why] = ["over", error];
        this.#timers.forEach(clearInterval);
        this.media.removeEventListener("change", this.onMedia);
        this.#keeper.stop();
        this.#now?.close();
        this.media.close();
        this.#tell("state");
    }

    #listen() {
        const levels = [...this.tracks].filter(([feed, { audioFrom }]) => audioFrom && !isScreen(feed))
            .map(([feed, { audioFrom }]) => {
                const source = audioFrom.getSynchronizationSources?.()[0];
                return [personOf(feed), this.people.get(feed)?.audio ? source?.audioLevel ?? 0 : 0];
            });
        if (this.you) levels.push([this.you.id, this.media.muted ? 0 : this.ownLevel ?? 0]);
        if (this.speakers.hear(levels, performance.now())) this.#tell("speakers");
    }

    async #look() {
        const one = this.#now;
        if (!one || one.closed || !one.publisher) return;
        if (one.publisher.up || one.subscriber.up) this.#fruitless = 0;
        const reports = await Promise.all([one.publisher.stats(), one.subscriber.stats()]);
        if (!one.closed && this.#judge.look(measure(reports))) this.#mediaChanged();
    }

    /** Counted by the browser: what each feed brought, and what we sent. */
    async stats() {
        const one = this.#now;
        if (!one?.subscriber || one.closed) return { feeds: {}, sent: null };
        const received = counts(await one.subscriber.stats());
        const feeds = {};
        for (const { feed, type, at } of one.subscriber.having) {
            const had = feeds[feed] ?? { frames: 0, videoBytes: 0, audioBytes: 0, height: 0, relay: received.relay };
            const { frames = 0, bytes = 0, height = 0 } = received.mids[at] ?? {};
            feeds[feed] = type === "audio" ? { ...had, audioBytes: had.audioBytes + bytes }
                : { ...had, frames: had.frames + frames, videoBytes: had.videoBytes + bytes, height };
        }
        const own = counts(await one.publisher.stats());
        return { feeds, sent: { ...own.sent, relay: own.relay } };
    }

    #tell(what, detail) {
        this.dispatchEvent(new CustomEvent(what, { detail }));
    }
}
