// SPDX-License-Identifier: AGPL-3.0-or-later
// Guests' links of a room: made for some hours, copied, taken back. For stewards.

import { api } from "./api.js";
import { $, actions, copied, say, template } from "./dom.js";
import { draw } from "./keys.js";
import { sentence } from "./troubles.js";
import { t } from "./words.js";

export function inviteGuests(room) {
    const dialog = template("t-invite");
    draw(dialog);
    const said = $("#invite-said", dialog);
    const attempt = async (act) => {
        try {
            say(said, await act());
        } catch (error) {
            say(said, t(sentence(error), { seconds: Math.ceil(error.retryAfter ?? 60) }));
        }
    };
    actions(dialog, {
        "copy-invite": () => attempt(() => copyInvite(dialog, room)),
        "take-back-invites": () => attempt(async () => {
            await api.takeBackInvites(room);
            $("#invite-link", dialog).value = "";
            return t("rooms.invites_taken_back");
        }),
    });
    document.body.append(dialog);
    dialog.addEventListener("close", () => dialog.remove());
    dialog.showModal();
}

async function copyInvite(dialog, room) {
    const { link } = await api.invite(room, Number($("#invite-hours", dialog).value));
    const address = `${location.origin}/${link}`;
    $("#invite-link", dialog).value = address;
    return t(await copied(address) ? "rooms.copied" : "rooms.invite_copy");
}
