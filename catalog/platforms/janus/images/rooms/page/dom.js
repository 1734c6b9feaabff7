// SPDX-License-Identifier: AGPL-3.0-or-later
// Small helpers around the document. Text goes in as text, never as markup.

import { fill, t } from "./words.js";

export const $ = (selector, root = document) => root.querySelector(selector);
export const all = (selector, root = document) => [...root.querySelectorAll(selector)];

/** A new element: make("button", {class: "key", type: "button"}, "text or more elements"). */
export function make(tag, attributes = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
        if (typeof value === "boolean") element.toggleAttribute(name, value);
        else if (value !== undefined && value !== null) element.setAttribute(name, value);
    }
    element.append(...children.filter((child) => child !== null && child !== undefined));
    return element;
}

/** One of the pictures drawn in index.html. */
export function icon(name) {
    const drawing = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    drawing.setAttribute("class", "icon");
    drawing.setAttribute("aria-hidden", "true");
    const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
    use.setAttribute("href", `#i-${name}`);
    drawing.append(use);
    return drawing;
}

/** A button with a picture and a word. */
export function button(action, picture, text, attributes = {}) {
    return make("button", { type: "button", "data-action": action, ...attributes },
        picture ? icon(picture) : null, make("span", {}, text));
}

/** A copy of a template of index.html, its words filled in. */
export function template(id) {
    const copy = $(`#${id}`).content.firstElementChild.cloneNode(true);
    fill(copy);
    return copy;
}

/** Shows a view in place of the one before, and begins reading at its heading. */
export function show(view, title) {
    $("#view").replaceChildren(view);
    document.title = title ? `${title} · ${t("page.title")}` : t("page.title");
    const heading = $("h1", view);
    heading?.setAttribute("tabindex", "-1");
    heading?.focus({ preventScroll: true });
}

/** Says something to those who listen to the page; what is said twice is heard twice. */
export function announce(text) {
    const place = $("#announce");
    const line = make("p", {}, text);
    place.append(line);
    setTimeout(() => line.remove(), 8000);
}

/** Calls the function named after the data-action of whatever was pressed inside root. */
export function actions(root, table) {
    root.addEventListener("click", (event) => {
        const pressed = event.target.closest?.("[data-action]");
        if (pressed && root.contains(pressed)) table[pressed.dataset.action]?.(pressed, event);
    });
}

/** A sentence in an element that is there only while it says something. */
export function say(element, text) {
    element.textContent = text ?? "";
    element.hidden = !text;
}

/** Asks before something that cannot be taken back. */
export function confirmed(text, yes) {
    const dialog = template("t-confirm");
    $("p", dialog).textContent = text;
    $("[value=yes]", dialog).textContent = yes;
    document.body.append(dialog);
    dialog.showModal();
    return new Promise((resolve) => {
        dialog.addEventListener("close", () => {
            dialog.remove();
            resolve(dialog.returnValue === "yes");
        });
    });
}

/** Copies, and tells whether that was allowed. */
export async function copied(text) {
    try {
        await navigator.clipboard.writeText(text);
        return true;
    } catch {
        return false;
    }
}

/** What this browser remembers of the member's choices; nothing where it must not. */
export const memory = {
    get(name, otherwise = null) {
        try {
            return JSON.parse(localStorage.getItem(`natm-${name}`)) ?? otherwise;
        } catch {
            return otherwise;
        }
    },
    set(name, value) {
        try {
            localStorage.setItem(`natm-${name}`, JSON.stringify(value));
        } catch {
            // A browser that keeps nothing: the member chooses anew the next time.
        }
    },
};
