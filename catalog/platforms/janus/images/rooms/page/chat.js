// SPDX-License-Identifier: AGPL-3.0-or-later
// What was said in writing: in the server's order, each message once, ours at once.

const LONGEST = 2000;

export class Chat {
    #said = new Map();
    #waiting = new Map();
    #seen = 0;

    /** One message of the server. True if it is new. */
    take(message) {
        if (message.mid !== undefined) this.#waiting.delete(message.mid);
        if (this.#said.has(message.n)) return false;
        this.#said.set(message.n, message);
        return true;
    }

    /** What the server kept. A meeting that began anew counts from one again, so the old goes. */
    welcome(messages) {
        const last = Math.max(0, ...messages.map((message) => message.n));
        const ours = Math.max(0, ...this.#said.keys());
        const differs = messages.some(({ n, at }) => this.#said.has(n) && this.#said.get(n).at !== at);
        if (last < ours || differs) [this.#said, this.#seen] = [new Map(), 0];
        return messages.filter((message) => this.take(message)).length;
    }

    /** Our own words on the way: shown as waiting until the server gives them a number. */
    say(text, mid) {
        const short = [...text.trim()].slice(0, LONGEST).join("");
        if (short) this.#waiting.set(mid, { mid, text: short });
        return short ? this.#waiting.get(mid) : null;
    }

    /** What is still on the way, to be sent again after a break; the server knows it by `mid`. */
    waiting() {
        return [...this.#waiting.values()];
    }

    list() {
        return [...this.#said.values()].sort((a, b) => a.n - b.n);
    }

    read() {
        this.#seen = Math.max(this.#seen, ...this.#said.keys());
    }

    unread() {
        return [...this.#said.keys()].filter((n) => n > this.#seen).length;
    }
}

/** Text cut into plain pieces and web addresses, which alone become links. */
export function pieces(text) {
    return text.split(/(https?:\/\/[^\s<>"']+[^\s<>"'.,;:!?)\]])/).filter(Boolean)
        .map((part) => ({ text: part, link: /^https?:\/\//.test(part) }));
}
