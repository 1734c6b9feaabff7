// SPDX-License-Identifier: AGPL-3.0-or-later
// Starts Converse.js for this community, so that it asks no other server for anything.
import { account, address, community, domain, languages, rooms } from "./settings.js";
import { LOCALES, wordsFor } from "./words.js";

/** "pt-BR" as Converse writes it, "pt_BR"; "zh" as the one of its two that is nearest. */
function locale(language) {
    const [base, region] = language.split("-");
    const candidates = [region ? `${base}_${region}` : base, base, `${base}_CN`];
    return candidates.find((candidate) => LOCALES.includes(candidate));
}

/** The reader's own language if the community has it, else the community's first one. */
function chooseLanguage() {
    const bases = languages.map((language) => language.split("-")[0]);
    for (const wish of navigator.languages) {
        const found = languages.includes(wish)
            ? wish : languages[bases.indexOf(wish.split("-")[0])];
        if (found) return found;
    }
    return languages[0];
}

const here = new URL(address).hostname;
const language = chooseLanguage();
const words = wordsFor(language);

/** The community's name stands where Converse would put its own. */
class Brand extends HTMLElement {
    connectedCallback() {
        if (this.firstChild) return;
        const name = document.createElement("span");
        name.className = "community-name";
        name.dir = "auto";
        name.textContent = community;
        this.append(name);
    }
}

/** Thanks to those who wrote the software, without their sponsors' pictures from elsewhere. */
class Footer extends HTMLElement {
    connectedCallback() {
        if (this.firstChild) return;
        const footer = document.createElement("footer");
        footer.className = "community-footer";
        const texts = [account ? words.account : words.signIn, words.apps, words.software];
        for (const text of texts) {
            const line = document.createElement("p");
            // Set apart, so that an address reads the same within a line that runs from the right.
            line.textContent = text.replace(/\S+@DOMAIN/, "\u2068$&\u2069").replace("DOMAIN", domain);
            footer.append(line);
        }
        if (account) footer.firstChild.append(" ", this.linkToAccount());
        this.append(footer);
    }

    /** Where the password can be changed, since here it cannot. */
    linkToAccount() {
        const link = document.createElement("a");
        link.href = account;
        link.textContent = words.change;
        return link;
    }
}

// Whoever defines an element first has it: Converse leaves these alone then. Its bar with links
// to its makers' sites is not needed at all.
customElements.define("converse-brand-logo", Brand);
customElements.define("converse-footer", Footer);
customElements.define("converse-controlbox-navbar", class extends HTMLElement {});
document.documentElement.lang = language;

/** Converse says "wrong password" of every refusal, also when the server says "try later". */
function tellLaterFromWrong(Strophe) {
    const change = Strophe.Connection.prototype._changeConnectStatus;
    Strophe.Connection.prototype._changeConnectStatus = function (status, why, answer) {
        const later = status === Strophe.Status.AUTHFAIL
            && answer?.getElementsByTagName?.("temporary-auth-failure").length > 0;
        return change.call(this, status, later ? words.later : why, answer);
    };
}

// Converse 14 leaves an empty page when a sign-in fails on a device that is not trusted.
window.converse.plugins.add("community-page", {
    initialize() {
        tellLaterFromWrong(window.converse.env.Strophe);
        this._converse.api.listen.on("disconnected", () => setTimeout(() => {
            if (!document.querySelector("converse-login-form")) location.reload();
        }, 1000));
    },
});

window.converse.initialize({
    whitelisted_plugins: ["community-page"],
    assets_path: "/converse/",
    view_mode: "fullscreen",
    theme: "nordic",
    i18n: locale(language) ?? "en",

    // Only this server, by the one web socket that the edge passes on. With the one account the
    // browser keeps nothing to sign in with again, so there it is BOSH: it outlives a reload.
    websocket_url: account ? undefined : `${address.replace(/^https:/, "wss:")}/xmpp-websocket`,
    bosh_service_url: `${address}/http-bind`,
    discover_connection_methods: false,

    // Members type their name alone.
    authentication: "login",
    locked_domain: domain,
    allow_registration: false,
    // On a shared computer people untick "trusted", and nothing stays in the browser.
    allow_user_trust_override: true,

    // Rooms of this community; everyone meets in the first.
    auto_join_rooms: [`lobby@${rooms}`],
    muc_domain: rooms,
    locked_muc_domain: "hidden",
    muc_nickname_from_jid: true,
    auto_list_rooms: true,
    muc_respect_autojoin: true,
    message_archiving: "always",

    // Nothing from elsewhere: no search of others' rooms, no lists, no players, no maps.
    muc_search_service: "",
    autocomplete_providers_url: "",
    xmpp_providers_url: "",
    providers_link: "",
    fetch_url_headers: false,
    embed_3rd_party_media_players: false,
    allowed_audio_domains: [here],
    allowed_image_domains: [here],
    allowed_video_domains: [here],
    use_system_emojis: true,
    visible_toolbar_buttons: { call: false, clear: false, emoji: true, location: false, spoiler: false },

    show_desktop_notifications: false,
    notification_icon: "/converse/images/logo/conversejs-filled.svg",
    play_sounds: false,
    loglevel: "error",
});
