// SPDX-License-Identifier: AGPL-3.0-or-later
// The panel for what is written.

import { $, make } from "./dom.js";
import { pieces } from "./chat.js";
import { clock, t } from "./words.js";

export class ChatPanel {
    #panel; #meeting; #list; #lines = new Map();

    constructor(panel, meeting) {
        [this.#panel, this.#meeting, this.#list] = [panel, meeting, $("#messages", panel)];
        const text = $("#chat-text", panel);
        const send = () => {
            meeting.write(text.value);
            text.value = "";
            text.focus();
        };
        $("#chat-form", panel).addEventListener("submit", (event) => {
            event.preventDefault();
            send();
        });
        text.addEventListener("keydown", (event) => {
            if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
            event.preventDefault();
            send();
        });
    }

    /** Only what is new is drawn; who reads further up is left there. */
    update() {
        const { chat } = this.#meeting;
        const atEnd = this.#list.scrollHeight - this.#list.scrollTop - this.#list.clientHeight < 60;
        const said = chat.list();
        const kept = new Set([...said.map(({ n, at }) => `${n} ${at}`), ...chat.waiting().map(({ mid }) => mid)]);
        for (const [key, line] of this.#lines) {
            if (kept.has(key)) continue;
            line.remove();
            this.#lines.delete(key);
        }
        said.forEach((message) => this.#line(`${message.n} ${message.at}`, message));
        chat.waiting().forEach((message) => this.#line(message.mid, { ...message, waiting: true }));
        $("#no-messages", this.#panel)?.remove();
        if (this.#lines.size === 0) this.#list.append(make("li", { id: "no-messages", class: "weak" }, t("chat.none")));
        if (!this.#panel.hidden) {
            chat.read();
            if (atEnd) this.#list.scrollTop = this.#list.scrollHeight;
        }
    }

    open() {
        this.#meeting.chat.read();
        this.#list.scrollTop = this.#list.scrollHeight;
        $("#chat-text", this.#panel).focus();
    }

    #line(key, { from, name, at, text, waiting }) {
        if (this.#lines.has(key)) {
            if (waiting) this.#list.append(this.#lines.get(key));
            return;
        }
        const own = waiting || from === this.#meeting.you?.id;
        const head = make("span", { class: "who" }, make("b", {}, own ? t("chat.you") : name), " ",
            make("time", {}, waiting ? t("chat.waiting") : clock(at)));
        const body = make("p", {}, ...pieces(text).map((part) => (part.link
            ? make("a", { href: part.text, rel: "noopener noreferrer nofollow", target: "_blank" }, part.text)
            : part.text)));
        const line = make("li", { class: own ? "own" : "", ...(waiting ? {} : { "data-n": key.split(" ")[0] }) },
            head, body);
        this.#lines.set(key, line);
        this.#list.append(line);
    }
}
