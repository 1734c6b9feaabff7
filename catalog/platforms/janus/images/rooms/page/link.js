// SPDX-License-Identifier: AGPL-3.0-or-later
// A room's five words, however somebody typed, pasted or heard them.

const ROOM = /^[a-z]+(-[a-z]+){4}$/;
const SPOKEN = new Set(["dash", "hyphen", "minus", "slash"]);

/** The link of the room this address belongs to, or null on the start page. */
export function roomOfPath(path) {
    const link = path.replace(/^\/+|\/+$/g, "").toLowerCase();
    return ROOM.test(link) ? link : null;
}

/** {link, host}: `link` is null where no five words are found; `host` only where an address was given. */
export function readLink(text) {
    const clean = text.trim().toLowerCase();
    const address = /https?:\/\/([^/\s]+)\/([^\s?#]*)/.exec(clean);
    if (address) return { link: roomOfPath(address[2]), host: address[1] };
    const inside = /(?:^|[\s/])([a-z]+(?:-[a-z]+){4})(?=$|[\s/?#.,!])/.exec(clean);
    if (inside) return { link: inside[1], host: null };
    return { link: spoken(clean), host: null };
}

/** What of an address makes it a guest's link, or null. */
export function inviteOf(text) {
    return /#(?:[^\s]*&)?invite=([0-9]+\.[A-Za-z0-9_-]+)/.exec(text)?.[1] ?? null;
}

/** By which ways media may go: null for any, "any" for the relay alone, "tls" for the relay inside TLS alone. */
export function relayOf(hash) {
    const found = /#(?:.*&)?relay(?:=(any|tls))?(?:&|$)/.exec(hash);
    return found && (found[1] ?? "any");
}

/** The relays that are left, where a member's network, or a test, leaves only these. */
export function relays(servers, only) {
    if (only !== "tls") return [...servers];
    return servers.map((one) => ({ ...one, urls: [one.urls].flat().filter((url) => url.startsWith("turns:")) }));
}

function spoken(text) {
    const words = text.normalize("NFKC").split(/[\s,.;:_\-\u2010-\u2015/]+/).filter(Boolean);
    const kept = words.length > 5 ? words.filter((word) => !SPOKEN.has(word)) : words;
    const link = kept.join("-");
    return ROOM.test(link) ? link : null;
}
