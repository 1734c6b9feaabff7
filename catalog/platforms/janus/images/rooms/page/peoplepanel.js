// SPDX-License-Identifier: AGPL-3.0-or-later
// The panel of people: who is here, whose hand is up; and what stewards can do.

import { api } from "./api.js";
import { $, actions, button, confirmed, icon, make, say, template } from "./dom.js";
import { inviteGuests } from "./invite.js";
import { pressed } from "./keys.js";
import { wishes } from "./start.js";
import { sentence } from "./troubles.js";
import { t } from "./words.js";

export class PeoplePanel {
    #panel; #meeting; #link; #lead = null;

    constructor(panel, meeting, link) {
        [this.#panel, this.#meeting, this.#link] = [panel, meeting, link];
        actions(panel, {
            "mute-person": (key) => meeting.lead("mute", key.dataset.id),
            "lower-hand": (key) => meeting.lead("lower", key.dataset.id),
            "remove-person": (key) => this.#remove(key.dataset.id),
            "mute-all": () => this.#tellAll("mute_all", t("lead.all_muted")),
            forgive: () => this.#tellAll("forgive", t("lead.forgiven")),
            lock: () => this.#change({ locked: !meeting.room.locked }),
            invite: () => inviteGuests(link),
            "drop-pin": () => this.#change({ pin: null }),
            "end-all": () => this.#end(),
        });
    }

    update() {
        const { people, you } = this.#meeting;
        const hands = people.hands();
        const order = [...hands, ...people.list().filter((one) => !one.hand)];
        // A press must not lose its button while the list is drawn anew.
        const focus = document.activeElement?.closest?.("#people [data-action]")?.dataset;
        $("#people", this.#panel).replaceChildren(...order.map((one) => this.#line(one, you?.steward)));
        if (focus) $(`#people [data-action="${focus.action}"][data-id="${focus.id}"]`, this.#panel)?.focus();
        this.room();
    }

    #line(one, leading) {
        const marks = [
            one.steward ? make("span", { class: "badge" }, t("people.steward"))
                : one.member ? make("span", { class: "badge" }, t("people.member")) : null,
            one.weak ? sign("weak", t("people.weak")) : null,
            one.screen ? sign("screen", t("people.shares")) : null,
            one.video ? null : sign("camera-off", t("people.no_camera")),
            one.audio ? null : sign("mic-off", t("people.muted")),
        ];
        const does = (action, text) => button(action, null, text,
            { class: "second small", "data-id": one.id, "aria-label": `${text}: ${one.name}` });
        const keys = leading ? [
            one.hand ? does("lower-hand", t("lead.lower")) : null,
            one.audio && !one.you ? does("mute-person", t("lead.mute")) : null,
            one.you ? null : does("remove-person", t("lead.remove")),
        ].filter(Boolean) : [];
        return make("li", { "data-person": one.id },
            make("div", { class: "who" }, one.hand ? sign("hand", t("people.hand")) : null,
                make("b", {}, one.you ? t("room.you", one) : one.name), ...marks.filter(Boolean)),
            keys.length > 0 ? make("div", { class: "pair" }, ...keys) : null);
    }

    /** What of the room can be led; for stewards only. */
    room() {
        const { room, you } = this.#meeting;
        const place = $("#lead", this.#panel);
        place.hidden = !you?.steward;
        if (place.hidden) return;
        if (!this.#lead) {
            this.#lead = template("t-lead");
            place.append(this.#lead);
            $("#lead-form", this.#lead).addEventListener("submit", (event) => {
                event.preventDefault();
                this.#change(wishes(event.target)).then(() => { $("#lead-pin", this.#lead).value = ""; });
            });
        }
        pressed($("[data-action=lock]", this.#lead), Boolean(room.locked));
        $("[data-action=drop-pin]", this.#lead).hidden = !room.has_pin;
        $("[data-action=invite]", this.#lead).hidden = room.guests !== "invited";
        for (const key of ["max_people", "max_publishers", "bitrate_kbit", "guests"]) {
            const input = $(`[name=${key}]`, this.#lead);
            if (document.activeElement !== input) input.value = room[key] ?? "";
        }
    }

    async #remove(id) {
        const { name } = this.#meeting.people.get(id) ?? {};
        if (!name || !await confirmed(t("lead.remove_sure", { name }), t("lead.remove"))) return;
        this.#meeting.lead("remove", id);
    }

    #tellAll(what, said) {
        this.#meeting.lead(what);
        say($("#lead-said", this.#lead), said);
    }

    async #change(change) {
        try {
            await api.changeRoom(this.#link, change);
            say($("#lead-said", this.#lead), t("lead.saved"));
        } catch (error) {
            say($("#lead-said", this.#lead), t(sentence(error)));
        }
    }

    async #end() {
        if (!await confirmed(t("lead.end_sure"), t("lead.end"))) return;
        await api.endRoom(this.#link).catch((error) => say($("#lead-said", this.#lead), t(sentence(error))));
    }
}

function sign(picture, text) {
    return make("span", { class: `mark ${picture}`, title: text },
        icon(picture), make("span", { class: "unseen" }, text));
}
