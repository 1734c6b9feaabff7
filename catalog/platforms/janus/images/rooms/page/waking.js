// SPDX-License-Identifier: AGPL-3.0-or-later
// Laptops sleep, phones change networks: notices and looks at once whether the meeting is still there.

const TICK_MS = 3000;

export function watchWaking(meeting, signal) {
    const wake = () => meeting.wake();
    const shown = () => meeting.dispatchEvent(new CustomEvent("state"));
    addEventListener("online", () => { shown(); wake(); }, { signal });
    addEventListener("offline", shown, { signal });
    addEventListener("pageshow", wake, { signal });
    document.addEventListener("visibilitychange", () => {
        if (document.visibilityState !== "visible") return;
        wake();
        stayAwake(signal);
    }, { signal });
    // A tick that comes far too late means that we slept. Only the difference counts, never the hour.
    let last = Date.now();
    const timer = setInterval(() => {
        const now = Date.now();
        if (now - last > TICK_MS * 4) wake();
        last = now;
    }, TICK_MS);
    signal.addEventListener("abort", () => clearInterval(timer));
    stayAwake(signal);
}

/** A phone's screen stays on while people talk; the browser takes it back when the page is hidden. */
async function stayAwake(signal) {
    const lock = await navigator.wakeLock?.request("screen").catch(() => null);
    if (signal.aborted) lock?.release();
    else signal.addEventListener("abort", () => lock?.release());
}
