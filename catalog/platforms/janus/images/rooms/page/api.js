// SPDX-License-Identifier: AGPL-3.0-or-later
// The service's API: JSON to and from the host the page came from.

import { Trouble } from "./troubles.js";

const WAIT_MS = 8000;

async function call(method, path, body) {
    let answer;
    try {
        answer = await fetch(path, {
            method,
            headers: body === undefined ? {} : { "Content-Type": "application/json" },
            body: body === undefined ? undefined : JSON.stringify(body),
            signal: AbortSignal.timeout(WAIT_MS),
        });
    } catch {
        throw new Trouble("network");
    }
    const told = await answer.json().catch(() => null);
    if (answer.ok) return told;
    const { code = answer.status >= 502 ? "network" : "other", retry_after: retryAfter } = told?.error ?? {};
    throw new Trouble(code, { retryAfter, status: answer.status });
}

const room = (link, rest = "") => `/api/rooms/${encodeURIComponent(link)}${rest}`;

export const api = {
    settings: () => call("GET", "/api/settings"),
    me: () => call("GET", "/api/me"),
    signIn: (name, password) => call("POST", "/api/session", { name, password }),
    signOut: () => call("DELETE", "/api/session"),
    rooms: () => call("GET", "/api/rooms"),
    makeRoom: (wish) => call("POST", "/api/rooms", wish),
    changeRoom: (link, change) => call("PATCH", room(link), change),
    invite: (link, hours) => call("POST", room(link, "/invite"), { hours }),
    takeBackInvites: (link) => call("DELETE", room(link, "/invite")),
    endRoom: (link) => call("POST", room(link, "/end"), {}),
    deleteRoom: (link) => call("DELETE", room(link)),
    join: (link, who) => call("POST", room(link, "/join"), who),
};

/** The address of one of a room's two sockets. */
export function socketAddress(link, which, ticket, page = location) {
    const address = new URL(`${room(link)}/${which}`, page.href);
    address.protocol = address.protocol.replace("http", "ws");
    address.search = `?ticket=${encodeURIComponent(ticket)}`;
    address.hash = "";
    return address.href;
}
