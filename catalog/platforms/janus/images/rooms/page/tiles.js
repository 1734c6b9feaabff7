// SPDX-License-Identifier: AGPL-3.0-or-later
// The pictures: a grid, or one large with a strip beside it; and how much video each asks for.

import { icon, make } from "./dom.js";
import { personOf, screenOf } from "./feeds.js";
import { MOST_TILES, chooseTiles, fit, grid, layer, stage } from "./layout.js";
import { colour, initials } from "./people.js";
import { t } from "./words.js";

const GAP = 8;

export class Tiles {
    #root; #meeting; #made = new Map(); #shown = new Set(); #order = [];
    #pinned = null; #timer = null; #swapping = null;

    constructor(root, meeting) {
        [this.#root, this.#meeting] = [root, meeting];
        root.addEventListener("click", (event) => {
            const pin = event.target.closest("[data-action=pin]");
            if (pin) this.pin(pin.closest(".tile").dataset.key);
        });
        this.watch = new ResizeObserver(() => this.place());
        this.watch.observe(root);
    }

    /** Large for one, or back to the grid. */
    pin(key) {
        this.#pinned = this.#pinned === key ? null : key;
        this.update();
    }

    /** Brings the tiles in line with the people and their tracks. */
    update() {
        const wanted = this.#wanted();
        const chosen = chooseTiles(wanted, this.#shown, this.#meeting.speakers.recent, this.#limit());
        this.#shown = new Set(chosen.map((one) => one.key));
        for (const [key, tile] of this.#made) {
            if (this.#shown.has(key)) continue;
            tile.element.remove();
            this.#made.delete(key);
        }
        this.#order = chosen.map((one) => this.#tile(one));
        const more = wanted.length - chosen.length;
        if (more > 0) this.#order.push(this.#moreTile(more));
        else this.#drop("more");
        this.mark();
        this.place();
    }

    #swap() {
        clearTimeout(this.#swapping);
        this.#swapping = setTimeout(() => this.update(), 50);
    }

    #limit() {
        return this.#root.clientWidth * this.#root.clientHeight < 90_000 ? 9 : MOST_TILES;
    }

    #wanted() {
        const meeting = this.#meeting;
        const people = meeting.people.list();
        const screens = people.filter((one) => one.screen && !one.you).map((one) => ({
            ...one, key: screenOf(one.id), screen: true, track: this.#track(screenOf(one.id)),
        }));
        return [...screens, ...people.map((one) => ({
            ...one, key: one.id, screen: false,
            track: one.you ? meeting.media.video : one.video ? this.#track(one.id) : null,
        }))];
    }

    #track(feed) {
        return this.#meeting.mode === "audio" ? null : this.#meeting.tracks.get(feed)?.video ?? null;
    }

    #tile(one) {
        let tile = this.#made.get(one.key);
        if (!tile) {
            tile = newTile(one);
            this.#made.set(one.key, tile);
            this.#root.append(tile.element);
        }
        fillTile(tile, one, this.#meeting.mode);
        return { key: one.key, element: tile.element };
    }

    #moreTile(count) {
        let tile = this.#made.get("more");
        if (!tile) {
            tile = { element: make("div", { class: "tile dark more-tile" }) };
            this.#made.set("more", tile);
            this.#root.append(tile.element);
        }
        this.#shown.add("more");
        tile.element.textContent = t("room.more", { count });
        return { key: "more", element: tile.element };
    }

    #drop(key) {
        this.#made.get(key)?.element.remove();
        this.#made.delete(key);
    }

    /** Who speaks. Nothing moves, unless the speaker is not to be seen. */
    mark() {
        const { speakers } = this.#meeting;
        const active = this.#made.get(speakers.active)?.element;
        if (speakers.active && active?.hidden) this.place();
        else if (speakers.active && !active && this.#made.has("more")) this.#swap();
        for (const [key, { element }] of this.#made) {
            element.classList.toggle("speaking", speakers.speaking(key));
            element.classList.toggle("active", speakers.active === key);
        }
    }

    /** Gives each tile its place and size. */
    place() {
        const [width, height] = [this.#root.clientWidth, this.#root.clientHeight];
        if (width < 10 || height < 10 || this.#order.length === 0) return;
        const main = this.#main();
        this.#root.dataset.large = String(Boolean(main));
        if (main) this.#placeStage(main, width, height);
        else this.#placeGrid(width, height);
        for (const { key, element } of this.#order) {
            const pin = element.querySelector("[data-action=pin]");
            pin?.setAttribute("aria-pressed", String(this.#pinned === key));
        }
        clearTimeout(this.#timer);
        this.#timer = setTimeout(() => this.#askLayers(), 300);
    }

    #main() {
        const pinned = this.#order.find((one) => one.key === this.#pinned);
        return pinned ?? this.#order.find((one) => one.element.dataset.screen === "true");
    }

    #placeGrid(width, height) {
        const count = this.#order.length;
        const { columns, rows, width: w, height: h } = grid(count, width, height, GAP);
        const top = (height - rows * h - GAP * (rows - 1)) / 2;
        this.#order.forEach(({ element }, at) => {
            const row = Math.floor(at / columns);
            const inRow = Math.min(columns, count - row * columns);
            const start = (width - inRow * w - GAP * (inRow - 1)) / 2;
            put(element, start + (at % columns) * (w + GAP), top + row * (h + GAP), w, h);
        });
    }

    #placeStage(main, width, height) {
        const others = this.#order.filter((one) => one !== main);
        const { main: large, strip, beside } = stage(others.length, width, height, GAP);
        const size = main.element.dataset.screen === "true" ? large : fit(large.width, large.height);
        put(main.element, (large.width - size.width) / 2, (large.height - size.height) / 2, size.width, size.height);
        if (strip) this.#placeStrip(others, strip, beside, beside ? large.width : large.height, { width, height });
    }

    /** As many as fit, a little smaller if that helps; who speaks is always among them. */
    #placeStrip(others, strip, beside, offset, whole) {
        const [along, usual, least] = beside ? [whole.height, strip.height, 64] : [whole.width, strip.width, 88];
        const size = Math.max(least, Math.min(usual, Math.floor((along + GAP) / others.length) - GAP));
        const fits = Math.max(1, Math.floor((along + GAP) / (size + GAP)));
        const speaks = others.findIndex((one) => one.key === this.#meeting.speakers.active);
        if (speaks >= fits) [others[fits - 1], others[speaks]] = [others[speaks], others[fits - 1]];
        others.forEach(({ element }, at) => {
            if (at >= fits) put(element, 0, 0, 0, 0);
            else if (beside) put(element, offset + GAP, at * (size + GAP), strip.width, size);
            else put(element, at * (size + GAP), offset + GAP, size, strip.height);
        });
    }

    #askLayers() {
        const scale = Math.min(2, window.devicePixelRatio || 1);
        const wanted = new Map();
        for (const feed of this.#meeting.tracks.keys()) {
            const element = this.#made.get(feed)?.element;
            const pixels = element && !element.hidden ? element.clientHeight * scale : 0;
            const alone = element?.dataset.screen === "true" && pixels > 0;
            wanted.set(feed, alone ? { substream: 2, temporal: 2, send: true } : layer(pixels, this.#meeting.mode));
        }
        this.#meeting.show(wanted);
    }

    close() {
        clearTimeout(this.#timer);
        clearTimeout(this.#swapping);
        this.watch.disconnect();
    }
}

function put(element, start, top, width, height) {
    element.hidden = width === 0;
    const place = { "inset-inline-start": start, top, width, height };
    for (const [name, value] of Object.entries(place)) element.style.setProperty(name, `${Math.round(value)}px`);
    element.classList.toggle("tiny", width < 150);
}

function newTile(one) {
    const video = make("video", { playsinline: true, autoplay: true, muted: true, "aria-hidden": "true" });
    video.muted = true; // Sound comes from elements of its own.
    const face = make("span", { class: "face", "aria-hidden": "true" });
    const name = make("span", { class: "name" });
    const marks = make("span", { class: "marks" });
    const pin = make("button", { type: "button", class: "pin", "data-action": "pin", "aria-pressed": "false" },
        icon("pin"));
    const element = make("div", { class: "tile", "data-key": one.key, "data-person": personOf(one.key),
        "data-screen": String(one.screen), "data-colour": colour(one.id), role: "group" },
    video, face, make("span", { class: "label" }, marks, name), pin);
    return { element, video, face, name, marks, pin };
}

function fillTile(tile, one, mode) {
    const { element, video, face, name, marks, pin } = tile;
    const text = one.screen ? t("room.screen_of", { name: one.name }) : one.you ? t("room.you", one) : one.name;
    if (video.srcObject?.getVideoTracks()[0] !== (one.track ?? undefined)) {
        video.srcObject = one.track ? new MediaStream([one.track]) : null;
        if (one.track) video.play().catch(() => {});
    }
    element.classList.toggle("dark", !one.track);
    element.classList.toggle("own", one.you && !one.screen);
    face.textContent = one.screen ? "" : initials(one.name);
    if (one.screen && !one.track) face.textContent = mode === "audio" ? t("room.no_pictures") : "…";
    name.textContent = text;
    pin.setAttribute("aria-label", t("room.pin", { name: text }));
    const signs = one.screen ? [] : [
        one.hand ? ["hand", t("people.hand")] : null,
        one.audio ? null : ["mic-off", t("people.muted")],
        one.weak ? ["weak", t("people.weak")] : null,
    ].filter(Boolean);
    const key = JSON.stringify(signs);
    if (marks.dataset.key !== key) {
        marks.dataset.key = key;
        marks.replaceChildren(...signs.map(([picture, what]) => make("span", { class: `mark ${picture}`, title: what },
            icon(picture), make("span", { class: "unseen" }, what))));
    }
    element.setAttribute("aria-label", [text, ...signs.map(([, what]) => what)].join(", "));
}
