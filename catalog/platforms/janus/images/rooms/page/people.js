// SPDX-License-Identifier: AGPL-3.0-or-later
// Who is in the room, as the server tells it.

/** The order is the one in which people came; you come first. */
export class People {
    #all = new Map();
    #raised = new Map();
    #count = 0;
    you = null;

    /** What the server says on entering: replaces everything, also after a break. Gives who came and left. */
    welcome(you, people) {
        const before = new Set(this.#all.keys());
        this.you = you.id;
        this.#all = new Map([...people, you].map((one) => [one.id, { ...one }]));
        for (const one of people) if (one.id === you.id) Object.assign(this.#all.get(you.id), one, you);
        this.#noteHands();
        return {
            came: [...this.#all.keys()].filter((id) => !before.has(id)),
            left: [...before].filter((id) => !this.#all.has(id)),
        };
    }

    /** One more, or one who changed: only what is given is changed. Gives the person as they were before. */
    put(person) {
        const before = this.#all.get(person.id);
        this.#all.set(person.id, { ...before, ...person });
        this.#noteHands();
        return before;
    }

    take(id) {
        const gone = this.#all.get(id);
        this.#all.delete(id);
        return gone;
    }

    get(id) {
        return this.#all.get(id);
    }

    get size() {
        return this.#all.size;
    }

    list() {
        const all = [...this.#all.values()].map((one) => ({ ...one, you: one.id === this.you }));
        return [...all.filter((one) => one.you), ...all.filter((one) => !one.you)];
    }

    /** Raised hands in the order in which they went up, as far as this page saw it. */
    hands() {
        const turn = (one) => this.#raised.get(one.id);
        return this.list().filter((one) => one.hand).sort((a, b) => turn(a) - turn(b));
    }

    #noteHands() {
        for (const { id, hand } of this.#all.values()) {
            if (!hand) this.#raised.delete(id);
            else if (!this.#raised.has(id)) this.#raised.set(id, this.#count += 1);
        }
    }
}

/** One or two letters to stand for a face. */
export function initials(name) {
    const words = [...name.trim().split(/\s+/)].filter(Boolean);
    const ends = words.length > 1 ? [words[0], words.at(-1)] : words;
    return ends.map((word) => [...word][0]?.toLocaleUpperCase() ?? "").join("");
}

/** A colour from 0 to 7 that stays with the person. */
export function colour(id) {
    return [...id].reduce((sum, letter) => (sum * 31 + letter.codePointAt(0)) >>> 0, 7) % 8;
}
