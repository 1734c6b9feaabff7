// SPDX-License-Identifier: AGPL-3.0-or-later
// One session with Janus, through the service's socket.

import * as adapterFile from "./lib/adapter.js";
import Janus from "./lib/janus.js";
import { relays } from "./link.js";

const OPEN_MS = 8000;
// janus.js asks only for the browser's name; not every build of the adapter hands it out.
const adapter = adapterFile.default ?? globalThis.adapter ?? {
    browserDetails: {
        browser: /firefox/i.exec(navigator.userAgent) ? "firefox"
            : /chrom/i.exec(navigator.userAgent) ? "chrome" : "safari",
        version: 605,
    },
};

const ready = new Promise((resolve) => {
    Janus.init({
        debug: location.hash.includes("debug") ? ["error", "warn"] : [],
        dependencies: Janus.useDefaultDependencies({ adapter }),
        callback: resolve,
    });
});

/** {session, ice, close}. `ice` is the list of relays: what is put in it counts for the next connection. */
export async function openSession(address, { iceServers, relayOnly, onBroken }) {
    await ready;
    const ice = relays(iceServers, relayOnly);
    let open = true;
    const session = await new Promise((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error("janus does not answer")), OPEN_MS);
        const made = new Janus({
            server: address,
            iceServers: ice,
            iceTransportPolicy: relayOnly ? "relay" : "all",
            bundlePolicy: "max-bundle",
            keepAlivePeriod: 20000,
            success: () => { clearTimeout(timer); resolve(made); },
            error: (text) => {
                clearTimeout(timer);
                reject(new Error(String(text)));
                if (open) onBroken("janus");
            },
        });
    });
    const close = () => {
        open = false;
        session.destroy({ notifyDestroyed: false, cleanupHandles: true });
    };
    return { session, ice, close };
}
