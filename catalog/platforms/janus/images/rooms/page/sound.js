// SPDX-License-Identifier: AGPL-3.0-or-later
// What is heard: one audio element for each feed, apart from the pictures.

import { memory } from "./dom.js";

export class Sound {
    #elements = new Map(); #onBlocked; #place;

    /** onBlocked(bool): the browser wants to be pressed before it lets anything be heard. */
    constructor(place, onBlocked) {
        [this.#place, this.#onBlocked] = [place, onBlocked];
    }

    /** feed -> {audio: track}. */
    update(tracks) {
        for (const [feed, element] of this.#elements) {
            if (tracks.get(feed)?.audio) continue;
            element.srcObject = null;
            element.remove();
            this.#elements.delete(feed);
        }
        for (const [feed, { audio }] of tracks) if (audio) this.#hear(feed, audio);
    }

    #hear(feed, track) {
        let element = this.#elements.get(feed);
        if (element?.srcObject.getAudioTracks()[0] === track) return;
        if (!element) {
            element = document.createElement("audio");
            element.autoplay = true;
            element.dataset.feed = feed;
            this.#elements.set(feed, element);
            this.#place.append(element);
            this.#out(element, memory.get("speaker"));
        }
        element.srcObject = new MediaStream([track]);
        this.#play(element);
    }

    #play(element) {
        element.play().then(() => this.#onBlocked(false), (error) => {
            if (error.name === "NotAllowedError") this.#onBlocked(true);
        });
    }

    /** After a press: now it is allowed. */
    unblock() {
        this.#elements.forEach((element) => this.#play(element));
    }

    speaker(id) {
        this.#elements.forEach((element) => this.#out(element, id));
    }

    #out(element, id) {
        if (id) element.setSinkId?.(id).catch(() => {});
    }

    close() {
        this.update(new Map());
    }
}
