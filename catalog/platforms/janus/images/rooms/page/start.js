// SPDX-License-Identifier: AGPL-3.0-or-later
// The start page: into a room by its words; and the rooms themselves, for stewards.

import { accountLinks } from "./account.js";
import { api } from "./api.js";
import { $, actions, announce, button, confirmed, copied, make, memory, say, show, template } from "./dom.js";
import { inviteGuests } from "./invite.js";
import { inviteOf, readLink } from "./link.js";
import { sentence } from "./troubles.js";
import { t } from "./words.js";

export async function showStart(app) {
    const view = template("t-start");
    $("#community", view).textContent = app.settings.community ?? t("page.title");
    const home = $("#home", view);
    home.hidden = !app.settings.home;
    home.href = app.settings.home ?? "/";
    home.textContent = t("start.home");
    $("#room-words", view).value = memory.get("last-room", "");
    const show_ = () => whoami(app, view);
    onSubmit($("#go-form", view), () => go(app, view));
    onSubmit($("#sign-in-form", view), () => signIn(app, view, show_));
    onSubmit($("#room-form", view), () => makeRoom(view, app));
    actions(view, {
        "sign-out": () => signOut(app, show_),
        "copy-room": (pressed) => copyRoom(pressed.dataset.room),
        "enter-room": (pressed) => app.go(pressed.dataset.room),
        "invite-room": (pressed) => inviteGuests(pressed.dataset.room),
        "end-room": (pressed) => endRoom(pressed, view, app),
        "delete-room": (pressed) => deleteRoom(pressed, view, app),
    });
    show(view, app.settings.community);
    await show_();
}

function onSubmit(form, act) {
    form.addEventListener("submit", (event) => {
        event.preventDefault();
        act();
    });
}

function go(app, view) {
    const { link, host } = readLink($("#room-words", view).value);
    const elsewhere = host && host !== location.host;
    say($("#go-trouble", view), elsewhere ? t("start.elsewhere", { host }) : link ? "" : t("start.five_words"));
    if (link && !elsewhere) app.go(link, inviteOf($("#room-words", view).value));
    else $("#room-words", view).focus();
}

async function whoami(app, view) {
    const { name, display_name: shown, steward } = app.me;
    const { account } = app.settings;
    // The name keeps its own direction, whatever the sentence around it has.
    $("#whoami", view).textContent = name ? t("start.signed_in", { name: `\u2068${shown || name}\u2069` }) : "";
    $("[data-action=sign-out]", view).hidden = !name || Boolean(account);
    $("#sign-in", view).hidden = Boolean(name || account);
    accountLinks(view, account, app.me);
    $("#steward", view).hidden = !steward;
    if (steward) await listRooms(view);
}

async function signIn(app, view, after) {
    const trouble = $("#sign-in-trouble", view);
    say(trouble, "");
    try {
        app.me = await api.signIn($("#sign-in-name", view).value.trim(), $("#sign-in-password", view).value);
        $("#sign-in-password", view).value = "";
        await after();
        $("#whoami", view).focus?.();
    } catch (error) {
        say(trouble, t(sentence(error), { seconds: Math.ceil(error.retryAfter ?? 60) }));
    }
}

async function signOut(app, after) {
    await api.signOut().catch(() => {});
    app.me = {};
    await after();
}

async function listRooms(view) {
    const list = $("#room-list", view);
    try {
        const rooms = await api.rooms();
        list.replaceChildren(...rooms.map(roomLine));
        if (rooms.length === 0) list.append(make("li", { class: "weak" }, t("rooms.none")));
    } catch (error) {
        list.replaceChildren(make("li", { class: "trouble" }, t(sentence(error))));
    }
}

const GUESTS = { invited: "rooms.for_invited", none: "rooms.for_members" };

/** `people` may be a number or a list: either says how many are inside. */
function roomLine(room) {
    const inside = Array.isArray(room.people) ? room.people.length : room.people ?? 0;
    const facts = [t("rooms.inside", { count: inside }), room.locked ? t("rooms.locked") : null,
        room.has_pin ? t("rooms.has_pin") : null, GUESTS[room.guests] ? t(GUESTS[room.guests]) : null].filter(Boolean).join(" · ");
    const named = { "data-room": room.link };
    const label = (text) => ({ ...named, "aria-label": `${text}: ${room.title}` });
    return make("li", { class: "roomline", ...named },
        make("div", {}, make("b", {}, room.title), make("span", { class: "address" }, room.link.replaceAll("-", " ")),
            make("small", {}, facts)),
        make("div", { class: "pair" },
            button("enter-room", "door", t("rooms.enter"), { class: "main", ...label(t("rooms.enter")) }),
            button("copy-room", "link", t("rooms.copy"), { class: "second", ...label(t("rooms.copy")) }),
            room.guests === "invited" ? button("invite-room", null, t("rooms.invite"),
                { class: "second", ...label(t("rooms.invite")) }) : null,
            inside > 0 ? button("end-room", null, t("rooms.end"), { class: "second", ...label(t("rooms.end")) }) : null,
            button("delete-room", null, t("rooms.delete"), { class: "second", ...label(t("rooms.delete")) })));
}

/** Only what was filled in: for the rest the service has its own measure. */
export function wishes(form) {
    const given = Object.fromEntries([...new FormData(form)].map(([key, value]) => [key, value.trim()])
        .filter(([, value]) => value !== ""));
    for (const key of ["max_people", "max_publishers", "bitrate_kbit"]) {
        if (key in given) given[key] = Number(given[key]);
    }
    return given;
}

async function makeRoom(view, app) {
    const trouble = $("#room-trouble", view);
    say(trouble, "");
    try {
        const room = await api.makeRoom(wishes($("#room-form", view)));
        $("#room-form", view).reset();
        announce(t("rooms.made", { title: room.title }));
        await whoami(app, view);
        $(`[data-room="${room.link}"] [data-action=copy-room]`, view)?.focus();
    } catch (error) {
        say(trouble, t(sentence(error), { seconds: Math.ceil(error.retryAfter ?? 60) }));
    }
}

async function copyRoom(link) {
    announceShown(await copied(`${location.origin}/${link}`) ? t("rooms.copied") : `${location.origin}/${link}`);
}

/** Said to those who listen and shown to those who look. */
function announceShown(text) {
    announce(text);
    const line = make("p", { class: "toast", "aria-hidden": "true" }, text);
    document.body.append(line);
    setTimeout(() => line.remove(), 4000);
}

async function endRoom(pressed, view, app) {
    if (!await confirmed(t("lead.end_sure"), t("lead.end"))) return;
    await api.endRoom(pressed.dataset.room).catch((error) => announceShown(t(sentence(error))));
    await whoami(app, view);
}

async function deleteRoom(pressed, view, app) {
    if (!await confirmed(t("rooms.delete_sure"), t("rooms.delete"))) return;
    await api.deleteRoom(pressed.dataset.room).catch((error) => announceShown(t(sentence(error))));
    await whoami(app, view);
}
