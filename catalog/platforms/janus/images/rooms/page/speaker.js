// SPDX-License-Identifier: AGPL-3.0-or-later
// Who speaks: quick to notice, slow to forget, so that the mark does not flicker.

const LOUD = 0.02;
const NOTICE = 2;
const FORGET_MS = 1500;
const LEAD = 1.6;

/** Fed with levels (0 to 1) a few times a second; tells who speaks and who is the active one. */
export class Speakers {
    #people = new Map();
    active = null;
    recent = [];

    /** `levels`: [[id, level]]; `now` in milliseconds. True if anything shown has changed. */
    hear(levels, now) {
        const before = this.#picture();
        const here = new Set(levels.map(([id]) => id));
        for (const id of this.#people.keys()) if (!here.has(id)) this.#people.delete(id);
        for (const [id, level] of levels) this.#listen(id, level, now);
        this.#choose();
        return before !== this.#picture();
    }

    speaking(id) {
        return this.#people.get(id)?.speaking ?? false;
    }

    #listen(id, level, now) {
        const one = this.#people.get(id) ?? { smooth: 0, loud: 0, last: -Infinity, speaking: false };
        one.smooth = one.smooth * 0.6 + level * 0.4;
        one.loud = level >= LOUD ? one.loud + 1 : 0;
        if (one.loud >= NOTICE) [one.speaking, one.last] = [true, now];
        else if (now - one.last > FORGET_MS) one.speaking = false;
        this.#people.set(id, one);
    }

    #choose() {
        const loudest = [...this.#people].filter(([, one]) => one.speaking)
            .sort(([, a], [, b]) => b.smooth - a.smooth)[0];
        if (!this.#people.has(this.active)) this.active = null;
        if (!loudest || loudest[0] === this.active) return;
        const current = this.#people.get(this.active);
        if (current?.speaking && loudest[1].smooth < current.smooth * LEAD) return;
        this.active = loudest[0];
        this.recent = [this.active, ...this.recent.filter((id) => id !== this.active)].slice(0, 20);
    }

    #picture() {
        const speaking = [...this.#people].filter(([, one]) => one.speaking).map(([id]) => id);
        return `${this.active}|${speaking.sort()}`;
    }
}
