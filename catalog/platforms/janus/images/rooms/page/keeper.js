// SPDX-License-Identifier: AGPL-3.0-or-later
// Keeps a connection: makes it, and makes it again whenever it breaks, until told to stop.

const STEPS_S = [0.5, 1, 2, 4, 8];

/** Milliseconds before try number `tries` (from 0); a little less for some, so that not all come at once. */
export function pause(tries, random = Math.random) {
    return STEPS_S[Math.min(tries, STEPS_S.length - 1)] * 1000 * (1 - 0.25 * random());
}

/** `connect()` gives a connection with close(); its errors may have `final` or `retryAfter` (seconds). */
export class Keeper {
    #connect; #told; #timers; #connection = null; #round = 0; #wake = null; #stopped = false;

    constructor({ connect, told, timers = globalThis }) {
        this.#connect = connect;
        this.#told = told;
        this.#timers = timers;
    }

    /** Connects for the first time; there a refusal is for the caller to show. */
    async start() {
        const round = ++this.#round;
        await this.#make(round);
    }

    /** The connection broke: another one is made. May be called often and from anywhere. */
    broken(connection, why) {
        if (this.#stopped || !connection || connection !== this.#connection) return;
        this.#drop();
        this.#again(++this.#round, why);
    }

    /** Something good happened (the network is back, the lid is open): try now rather than later. */
    nudge() {
        this.#wake?.();
    }

    stop() {
        this.#stopped = true;
        this.#round += 1;
        this.#wake?.();
        this.#drop();
    }

    #drop() {
        const old = this.#connection;
        this.#connection = null;
        old?.close();
    }

    async #make(round) {
        const made = await this.#connect((connection, why) => this.broken(connection, why));
        if (round !== this.#round) {
            made.close();
            return;
        }
        this.#connection = made;
        this.#told("in");
    }

    async #again(round, why) {
        this.#told("back", why);
        for (let tries = 0; round === this.#round; tries += 1) {
            try {
                return await this.#make(round);
            } catch (error) {
                if (round !== this.#round) return undefined;
                if (error.final) return this.#told("over", error);
                this.#told("waiting", error);
                await this.#sleep(Math.max(pause(tries), (error.retryAfter ?? 0) * 1000));
            }
        }
        return undefined;
    }

    #sleep(milliseconds) {
        return new Promise((resolve) => {
            const timer = this.#timers.setTimeout(resolve, milliseconds);
            this.#wake = () => {
                this.#timers.clearTimeout(timer);
                resolve();
            };
        });
    }
}
