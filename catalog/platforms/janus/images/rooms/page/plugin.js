// SPDX-License-Identifier: AGPL-3.0-or-later
// One handle of Janus's video room, with questions that wait for their answers.

const PLUGIN = "janus.plugin.videoroom";
const WAIT_MS = 8000;
const MEDIA_MS = 14_000;

/** An error of Janus itself; `code` is its number. */
export class JanusError extends Error {
    constructor(code, text) {
        super(text ?? `janus ${code}`);
        this.code = code;
    }
}

/** Videoroom's numbers that the page knows. */
export const CODES = { noSuchFeed: 428, idTaken: 436, publishersFull: 432, notFound: [458, 459, 426] };

export class Plugin {
    #raw; #waiting = []; #onEvent; #onBroken; #closed = false; #timer = null; #wasUp = false;

    /** Attaches to the session; onEvent(data, jsep) hears all, onBroken(why) when media fails. */
    static attach(session, { onEvent, onBroken }) {
        return new Promise((resolve, reject) => {
            const plugin = new Plugin();
            [plugin.#onEvent, plugin.#onBroken] = [onEvent, onBroken];
            const timer = setTimeout(() => reject(new JanusError(0, "no answer")), WAIT_MS);
            session.attach({
                plugin: PLUGIN,
                success: (raw) => { clearTimeout(timer); plugin.#raw = raw; resolve(plugin); },
                error: (text) => { clearTimeout(timer); reject(new JanusError(0, String(text))); },
                onmessage: (data, jsep) => plugin.#event(data, jsep),
                iceState: (state) => plugin.#ice(state),
                webrtcState: (up, reason) => { if (!up) plugin.#break(reason ?? "hangup"); },
                ondetached: () => plugin.#break("detached"),
            });
        });
    }

    /** Sends a request; waits for the event that `until` accepts, or for an error. */
    ask(body, { jsep, until, ms = WAIT_MS } = {}) {
        return new Promise((resolve, reject) => {
            const waiter = { until, resolve, reject };
            const done = (act) => (value) => {
                clearTimeout(timer);
                this.#waiting = this.#waiting.filter((one) => one !== waiter);
                act(value);
            };
            [waiter.resolve, waiter.reject] = [done(resolve), done(reject)];
            const timer = setTimeout(() => waiter.reject(new JanusError(0, "no answer")), ms);
            if (until) this.#waiting.push(waiter);
            this.#raw.send({
                message: body, jsep,
                success: (data) => { if (!until) waiter.resolve(data); },
                error: (text) => waiter.reject(new JanusError(Number.parseInt(text, 10) || 0, String(text))),
            });
        });
    }

    offer(tracks) {
        this.#expectMedia();
        return new Promise((success, error) => {
            this.#raw.createOffer({ tracks, success, error });
        });
    }

    answer(jsep) {
        this.#expectMedia();
        return new Promise((success, error) => {
            this.#raw.createAnswer({ jsep, success, error });
        });
    }

    accept(jsep) {
        return new Promise((success, error) => {
            this.#raw.handleRemoteJsep({ jsep, success, error });
        });
    }

    /** The browser's own connection, once there is one. */
    get connection() {
        return this.#raw.webrtcStuff.pc;
    }

    async stats() {
        return this.connection ? [...(await this.connection.getStats()).values()] : [];
    }

    close() {
        this.#closed = true;
        clearTimeout(this.#timer);
        this.#raw?.detach();
    }

    #event(data, jsep) {
        if (this.#closed) return;
        if (data.error_code) {
            this.#waiting[0]?.reject(new JanusError(data.error_code, data.error));
            return;
        }
        this.#onEvent(data, jsep);
        this.#waiting.find((one) => one.until(data))?.resolve({ data, jsep });
    }

    /** Media flows, or did until a moment ago. */
    get up() {
        return ["connected", "completed"].includes(this.connection?.iceConnectionState);
    }

    /** A browser may look for a way for ever; people should be told before. */
    #expectMedia() {
        this.#timer ??= setTimeout(() => { if (!this.up) this.#break("no media"); }, MEDIA_MS);
    }

    #ice(state) {
        if (this.up) this.#wasUp = true;
        if (state === "failed") this.#break(this.#wasUp ? "ice" : "no media");
        if (state !== "disconnected") return;
        setTimeout(() => {
            if (this.connection?.iceConnectionState === "disconnected") this.#break("ice");
        }, 4000);
    }

    #break(why) {
        if (this.#closed) return;
        this.#closed = true;
        clearTimeout(this.#timer);
        this.#onBroken(why);
    }
}
