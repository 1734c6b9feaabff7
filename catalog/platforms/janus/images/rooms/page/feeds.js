// SPDX-License-Identifier: AGPL-3.0-or-later
// Who publishes what, and which of it we still have to ask for or to give back.

const SCREEN = "-screen";

export const screenOf = (person) => `${person}${SCREEN}`;
export const isScreen = (feed) => feed.endsWith(SCREEN);
export const personOf = (feed) => (isScreen(feed) ? feed.slice(0, -SCREEN.length) : feed);

/** What Janus tells about publishers, kept. */
export class Feeds {
    #all = new Map();

    /** True if the event said anything about who publishes. */
    take(event) {
        for (const one of event.publishers ?? []) {
            this.#all.set(String(one.id), (one.streams ?? []).filter((stream) => !stream.disabled)
                .map(({ mid, type }) => ({ mid: String(mid), type })));
        }
        const gone = [event.unpublished, event.leaving].filter((id) => id && id !== "ok").map(String);
        gone.forEach((id) => this.#all.delete(id));
        return gone.length > 0 || (event.publishers ?? []).length > 0;
    }

    /** Streams a person wants who is `you` and watches in `mode`. */
    wanted(you, mode) {
        return [...this.#all].filter(([feed]) => personOf(feed) !== you)
            .flatMap(([feed, streams]) => streams.map((stream) => ({ feed, ...stream })))
            .filter(({ type }) => type === "audio" || (type === "video" && mode !== "audio"));
    }

    has(feed) {
        return this.#all.has(feed);
    }
}

const key = ({ feed, mid }) => `${feed} ${mid}`;

/** {add, drop}: how to get from the streams we have to those we want. */
export function difference(have, want) {
    const having = new Set(have.map(key));
    const wanting = new Set(want.map(key));
    return {
        add: want.filter((one) => !having.has(key(one))),
        drop: have.filter((one) => !wanting.has(key(one))),
    };
}

/** What Janus says we are subscribed to: [{feed, mid, type, at}], `at` the mid on our side. */
export function subscribed(streams) {
    return streams.filter((one) => one.active && one.feed_id !== undefined).map((one) => ({
        feed: String(one.feed_id), mid: String(one.feed_mid), type: one.type, at: String(one.mid),
    }));
}
