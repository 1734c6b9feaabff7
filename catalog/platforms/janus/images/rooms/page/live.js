// SPDX-License-Identifier: AGPL-3.0-or-later
// The room's own channel: who is here, what is written, who leads. It notices when nothing comes any more.

import { Trouble } from "./troubles.js";

const PING_MS = 4000;
const SILENT_MS = 9000;
const OPEN_MS = 6000;

export class Live {
    #socket; #last = 0; #timer; #closed = false; #onMessage; #onBroken;

    /** Opens and waits for the welcome, which is handed to onMessage like all else. */
    static open(address, { onMessage, onBroken, Socket = WebSocket }) {
        const live = new Live();
        live.#onMessage = onMessage;
        live.#onBroken = onBroken;
        return live.#open(address, Socket);
    }

    #open(address, Socket) {
        return new Promise((resolve, reject) => {
            const fail = () => { this.close(); reject(new Trouble("network")); };
            const timer = setTimeout(fail, OPEN_MS);
            this.#socket = new Socket(address);
            this.#socket.onclose = () => { clearTimeout(timer); fail(); };
            this.#socket.onmessage = ({ data }) => {
                const message = JSON.parse(data);
                if (message.type === "welcome") {
                    clearTimeout(timer);
                    this.#socket.onclose = () => this.#broken("closed");
                    this.#watch();
                    resolve(this);
                }
                this.#last = performance.now();
                this.#onMessage(message, this);
            };
        });
    }

    /** performance.now() does not mind a clock that is set, only one that stands still asleep: then check(). */
    #watch() {
        this.#last = performance.now();
        this.#timer = setInterval(() => {
            if (performance.now() - this.#last > SILENT_MS) this.#broken("silent");
            else this.send({ type: "ping" });
        }, PING_MS);
    }

    /** After sleep or a change of network: an answer soon, or the connection counts as broken. */
    check(within = 2500) {
        const before = this.#last;
        this.send({ type: "ping" });
        setTimeout(() => { if (!this.#closed && this.#last === before) this.#broken("silent"); }, within);
    }

    send(message) {
        if (this.#socket?.readyState === 1) this.#socket.send(JSON.stringify(message));
    }

    #broken(why) {
        if (this.#closed) return;
        this.close();
        this.#onBroken(why);
    }

    close() {
        this.#closed = true;
        clearInterval(this.#timer);
        if (!this.#socket) return;
        this.#socket.onclose = null;
        this.#socket.onmessage = null;
        this.#socket.close();
    }
}
