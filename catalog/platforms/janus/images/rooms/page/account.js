// SPDX-License-Identifier: AGPL-3.0-or-later
// Where to sign in and out, where one account opens all platforms: then there is no password box here.

import { $ } from "./dom.js";

/** The sign-in, and back to this page; null where people sign in on our own start page. What stands
 * behind the hash stays here: a guest's link is not for other pages to see. */
export function signInAddress(account, page = location) {
    return account ? account.sign_in + encodeURIComponent(page.origin + page.pathname) : null;
}

/** Shows the links that fit: to sign in for a stranger, to the account and out for a member. */
export function accountLinks(view, account, me) {
    const links = {
        "#to-sign-in": me.name ? null : signInAddress(account),
        "#my-account": me.name ? account?.home : null,
        "#to-sign-out": me.name ? account?.sign_out : null,
    };
    for (const [id, address] of Object.entries(links)) {
        const link = $(id, view);
        if (!link) continue;
        link.hidden = !address;
        if (address) link.href = address;
    }
}
