// SPDX-License-Identifier: AGPL-3.0-or-later
// What we send: one handle for camera and microphone, another for the screen.

import { CODES, Plugin } from "./plugin.js";
import { adjusted, bitrate, encodings } from "./sending.js";

const pauseFor = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

export class Publisher {
    #plugin; #published = false; #queue = Promise.resolve(); #room; #mode; #senders = new Map(); #screen;

    /** Comes into the room. `id` as the service knows us; the first publishers are told to onEvent. */
    static async join(session, { id, room, mode, screen = false, onEvent, onBroken }) {
        const publisher = new Publisher();
        [publisher.#room, publisher.#mode, publisher.#screen] = [room, mode, screen];
        publisher.#plugin = await Plugin.attach(session, { onEvent, onBroken });
        await publisher.#enter(id);
        return publisher;
    }

    /** Our place may still be held for a moment by the connection that just broke. */
    async #enter(id, tries = 8) {
        try {
            const request = { request: "join", ptype: "publisher", id };
            await this.#plugin.ask(request, { until: (data) => data.videoroom === "joined" });
        } catch (error) {
            if (error.code !== CODES.idTaken || tries === 0) throw error;
            await pauseFor(500);
            await this.#enter(id, tries - 1);
        }
    }

    /** Sends these tracks from now on; null stops one kind. One change at a time. */
    send(tracks) {
        const run = this.#queue.then(() => this.#send(tracks));
        this.#queue = run.catch(() => {});
        return run;
    }

    async #send(tracks) {
        const fresh = [];
        for (const [type, track] of Object.entries(tracks)) {
            const sender = this.#senders.get(type);
            if (sender) await sender.replaceTrack(track);
            else if (track) fresh.push(this.#wish(type, track));
        }
        if (fresh.length > 0) await this.#negotiate(fresh);
    }

    #wish(type, track) {
        // dontStop: janus.js would end our camera with the connection, and we come back with it.
        const wish = { type, capture: track, recv: false, add: true, dontStop: true };
        if (type === "audio" || this.#screen) return wish;
        return { ...wish, simulcast: true, sendEncodings: encodings(this.#room.bitrate_kbit, this.#mode) };
    }

    async #negotiate(fresh) {
        const jsep = await this.#plugin.offer(fresh);
        const request = {
            request: this.#published ? "configure" : "publish",
            bitrate: bitrate(this.#room.bitrate_kbit, this.#mode),
        };
        const { jsep: answer } = await this.#plugin.ask(request, {
            jsep, until: (data) => data.configured === "ok",
        });
        await this.#plugin.accept(answer);
        this.#published = true;
        for (const { type, capture } of fresh) {
            const sender = this.#plugin.connection.getSenders().find((one) => one.track === capture);
            if (sender) this.#senders.set(type, sender);
        }
        await this.#limit();
    }

    /** Another mode, or another bitrate of the room. */
    adjust(room, mode) {
        [this.#room, this.#mode] = [room, mode];
        this.#queue = this.#queue.then(() => this.#adjust()).catch(() => {});
        return this.#queue;
    }

    async #adjust() {
        if (!this.#published) return;
        const rate = bitrate(this.#room.bitrate_kbit, this.#mode);
        await this.#plugin.ask({ request: "configure", bitrate: rate },
            { until: (data) => data.configured === "ok" });
        await this.#limit();
    }

    async #limit() {
        const sender = this.#senders.get("video");
        if (!sender) return;
        const parameters = sender.getParameters();
        if (!parameters.encodings?.length) return;
        parameters.encodings = adjusted(parameters.encodings, this.#room.bitrate_kbit, this.#mode);
        await sender.setParameters(parameters).catch(() => {});
    }

    get up() {
        return this.#plugin.up;
    }

    stats() {
        return this.#plugin.stats();
    }

    close() {
        this.#plugin.close();
    }
}
