// SPDX-License-Identifier: AGPL-3.0-or-later
// The keys of the control bar, and those of the keyboard.

import { all, icon, memory } from "./dom.js";

/** The picture of each key. */
const PICTURES = {
    mute: "mic", camera: "camera", hand: "hand", chat: "chat", people: "people", share: "screen",
    "copy-link": "link", "full-screen": "full", settings: "settings", leave: "leave", more: "more",
    "close-panel": "close", "close-settings": "close", "close-invite": "close",
    "send-chat": "send",
};

/** Puts the pictures on keys that have none yet. */
export function draw(root) {
    for (const key of all("[data-action]", root)) {
        const picture = PICTURES[key.dataset.action];
        if (picture && !key.querySelector("svg") && key.matches(".key, .round")) key.prepend(icon(picture));
    }
}

/** Marks a key as on or off; those with an "off" picture show it. */
export function pressed(key, on, picture = null) {
    key.setAttribute("aria-pressed", String(on));
    if (!picture) return;
    const name = on ? picture : `${picture}-off`;
    if (key.dataset.picture === name) return;
    key.dataset.picture = name;
    key.querySelector("svg")?.remove();
    key.prepend(icon(name));
}

/** Letters that stand for keys, and the names of their sentences. */
export const LETTERS = {
    m: ["mute", "key.microphone"], v: ["camera", "key.camera"], h: ["hand", "key.hand"], c: ["chat", "key.chat"],
    p: ["people", "key.people"], s: ["share", "key.share"], f: ["full-screen", "key.full_screen"],
};

export const lettersOn = () => memory.get("letters", true);

/** The action a letter stands for, unless somebody writes, or holds another key. */
export function letter(event) {
    if (!lettersOn() || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return null;
    if (event.target.closest?.("input, textarea, select, dialog, [contenteditable]")) return null;
    return LETTERS[event.key.toLowerCase()]?.[0] ?? null;
}
