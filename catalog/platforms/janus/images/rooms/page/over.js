// SPDX-License-Identifier: AGPL-3.0-or-later
// After a meeting: what happened, and what to do now.

import { $, actions, show, template } from "./dom.js";
import { sentence } from "./troubles.js";
import { t } from "./words.js";

const ENDS = {
    left: ["over.left", "over.left_words", "over.again"],
    removed: ["over.removed", "over.removed_words", null],
    signed_out: ["over.signed_out", "over.signed_out_words", "over.again"],
    ended: ["over.ended", "over.ended_words", "over.again"],
    moved: ["over.moved", "over.moved_words", "over.here"],
};

export function showOver(app, meeting) {
    const view = template("t-over");
    const error = meeting.why;
    const [title, words, again] = ENDS[error.code] ?? ["over.broken", sentence(error), "over.again"];
    $("#over-title", view).textContent = t(title);
    $("#over-words", view).textContent = t(words, { seconds: Math.ceil(error.retryAfter ?? 60) });
    const key = $("[data-action=again]", view);
    key.hidden = !again;
    key.textContent = again ? t(again) : "";
    const name = meeting.you?.name;
    actions(view, { again: () => app.lobby({ name }) });
    show(view, t(title));
}
