// SPDX-License-Identifier: AGPL-3.0-or-later
// Whoever sees this page has signed in: their calendars are opened without another question.
"use strict";
function told(name) { return document.querySelector(`meta[name="natm-${name}"]`).content; }
window.addEventListener("load", () => {
    const form = document.querySelector("#loginscene form[data-name=form]");
    form.querySelector("[data-name=user]").value = told("user");
    form.onsubmit();
    // Radicale's own page would only show its form again.
    document.querySelector("#logoutview [data-name=logout]").addEventListener("click", (event) => {
        event.stopImmediatePropagation();
        event.preventDefault();
        location.href = told("sign-out");
    }, true);
});
