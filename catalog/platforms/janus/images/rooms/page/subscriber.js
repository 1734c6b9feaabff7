// SPDX-License-Identifier: AGPL-3.0-or-later
// What we receive: one connection for the streams of all, changed by one negotiation at a time.

import { difference, subscribed } from "./feeds.js";
import { CODES, Plugin } from "./plugin.js";

const AGAIN_MS = 2000;
const pauseFor = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

export class Subscriber {
    #session; #onTracks; #onBroken; #attach; #plugin = null; #have = []; #want = []; #refused = new Map();
    #running = null; #answers = Promise.resolve(); #layers = new Map(); #told = new Map(); #closed = false;
    #timer = null;
    /** Janus's proof that this subscriber is also in the room; told when the publisher has joined. */
    privateId = undefined;

    /** onTracks(feed -> {audio, video}) is called when anything of it has changed. */
    constructor(session, { onTracks, onBroken, attach = Plugin.attach }) {
        [this.#session, this.#onTracks, this.#onBroken, this.#attach] = [session, onTracks, onBroken, attach];
    }

    /** The streams wanted from now on: [{feed, mid, type}]. */
    want(streams) {
        this.#want = streams;
        this.#running ??= Promise.resolve().then(() => this.#run());
        return this.#running;
    }

    async #run() {
        // Wishes may change while an answer is under way: look again until there is nothing left to do.
        let before = "";
        for (let rounds = 0; rounds < 50 && !this.#closed; rounds += 1) {
            const { add, drop } = difference(this.#have, this.#want.filter((one) => !this.#isRefused(one)));
            if (add.length + drop.length === 0) break;
            const now = JSON.stringify([add, drop]);
            if (now === before) await pauseFor(400); // Janus has it noted and is not there yet.
            before = now;
            try {
                if (drop.length > 0) await this.#ask("unsubscribe", drop);
                if (add.length > 0) await this.#add(add);
            } catch (error) {
                if (!this.#closed) this.#onBroken(error);
                break;
            }
        }
        this.#running = null;
    }

    #isRefused({ feed, mid }) {
        return (this.#refused.get(`${feed} ${mid}`) ?? 0) > performance.now();
    }

    async #add(streams) {
        try {
            if (this.#plugin) await this.#ask("subscribe", streams);
            else await this.#begin(streams);
        } catch (error) {
            if (error.code !== CODES.noSuchFeed) throw error;
            if (streams.length > 1) {
                for (const one of streams) await this.#add([one]);
                return;
            }
            // Gone in this very moment; or new and not quite there yet, so it is tried again.
            this.#refused.set(`${streams[0].feed} ${streams[0].mid}`, performance.now() + AGAIN_MS);
            clearTimeout(this.#timer);
            this.#timer = setTimeout(() => this.want(this.#want), AGAIN_MS + 50);
        }
    }

    async #begin(streams) {
        const plugin = await this.#attach(this.#session, {
            onEvent: (data, jsep) => this.#event(data, jsep, plugin), onBroken: this.#onBroken,
        });
        const request = {
            request: "join", ptype: "subscriber", private_id: this.privateId, streams: names(streams),
        };
        try {
            await plugin.ask(request, { until: (data) => data.videoroom === "attached" });
        } catch (error) {
            plugin.close();
            throw error;
        }
        this.#plugin = plugin;
        await this.#answers;
    }

    async #ask(request, streams) {
        await this.#plugin.ask({ request, streams: names(streams) },
            { until: (data) => data.videoroom === "updated" || data.videoroom === "updating" });
        await this.#answers;
    }

    /** Janus also changes things by itself, when somebody stops publishing: each offer gets its answer in turn. */
    #event(data, jsep, plugin) {
        if (this.#closed) return;
        if (data.streams) this.#have = subscribed(data.streams);
        if (jsep) this.#answers = this.#answers.then(() => this.#answer(jsep, plugin));
        this.#answers = this.#answers.then(() => this.#hand(plugin))
            .catch((error) => { if (!this.#closed) this.#onBroken(error); });
    }

    async #answer(offer, plugin) {
        const jsep = await plugin.answer(offer);
        await plugin.ask({ request: "start" }, { jsep, until: (data) => data.started === "ok" });
    }

    #hand(plugin) {
        if (this.#closed || !plugin.connection) return;
        const receivers = new Map(plugin.connection.getTransceivers().map((one) => [one.mid, one.receiver]));
        const feeds = new Map();
        for (const { feed, type, at } of this.#have) {
            const receiver = receivers.get(at);
            if (!receiver) continue;
            const one = feeds.get(feed) ?? {};
            feeds.set(feed, { ...one, [type]: receiver.track, [`${type}At`]: at, [`${type}From`]: receiver });
        }
        this.#onTracks(feeds);
        this.#tellLayers();
    }

    /** Which layer of each feed's video we want: feed -> {substream, temporal, send}. */
    layers(wanted) {
        this.#layers = wanted;
        this.#tellLayers();
    }

    #tellLayers() {
        if (!this.#plugin) return;
        const changed = [];
        const present = new Map();
        for (const { feed, type, at } of this.#have) {
            const wish = this.#layers.get(feed);
            if (type !== "video" || !wish) continue;
            const said = `${feed} ${wish.substream} ${wish.temporal} ${wish.send}`;
            present.set(at, said);
            if (this.#told.get(at) !== said) changed.push({ mid: at, ...wish });
        }
        this.#told = present;
        if (changed.length > 0) {
            this.#plugin.ask({ request: "configure", streams: changed }).catch(() => {});
        }
    }

    /** Which feed each of our mids carries: [{feed, mid, type, at}]. */
    get having() {
        return this.#have;
    }

    get up() {
        return this.#plugin?.up ?? false;
    }

    stats() {
        return this.#plugin?.stats() ?? [];
    }

    close() {
        this.#closed = true;
        clearTimeout(this.#timer);
        this.#plugin?.close();
    }
}

const names = (streams) => streams.map(({ feed, mid }) => ({ feed, mid }));
