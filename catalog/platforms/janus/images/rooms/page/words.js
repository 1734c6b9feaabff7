// SPDX-License-Identifier: AGPL-3.0-or-later
// All sentences of the page, from words/LANGUAGE.json; English where one is missing.

let words = {};
let language = "en";

/** Takes a catalog (and the English one beneath it). */
export function useWords(lang, english, own = {}) {
    language = lang;
    words = { ...english, ...own };
}

/** Fetches the catalog of the page's language. */
export async function loadWords(lang, base = import.meta.url) {
    const get = async (code) => {
        const answer = await fetch(new URL(`./words/${code}.json`, base));
        return answer.ok ? answer.json() : {};
    };
    const [english, own] = await Promise.all([get("en"), lang === "en" ? {} : get(lang)]);
    useWords(lang, english, own);
}

/** The sentence of that name, with {places} filled in; a `count` chooses among plural forms. */
export function t(name, values = {}) {
    const found = words[name] ?? name;
    const text = typeof found === "string" ? found : plural(found, values.count);
    return text.replace(/\{(\w+)\}/g, (whole, key) => String(values[key] ?? whole));
}

function plural(forms, count) {
    return forms[new Intl.PluralRules(language).select(count)] ?? forms.other;
}

/** The hour and minute of a time the server told, whatever this device's clock says. */
export function clock(seconds) {
    const own = globalThis.navigator?.languages?.find((one) => one.split("-")[0] === language);
    return new Intl.DateTimeFormat(own ?? language, { hour: "2-digit", minute: "2-digit" })
        .format(new Date(seconds * 1000));
}

/** Fills elements that name a sentence: data-w the text, data-w-label, -title, -hint an attribute. */
export function fill(root) {
    const each = (name, act) => {
        const key = `[data-${name}]`;
        for (const one of [...(root.matches?.(key) ? [root] : []), ...root.querySelectorAll(key)]) {
            act(one, t(one.getAttribute(`data-${name}`)));
        }
    };
    each("w", (one, text) => { one.textContent = text; });
    each("w-label", (one, text) => one.setAttribute("aria-label", text));
    each("w-title", (one, text) => one.setAttribute("title", text));
    each("w-hint", (one, text) => one.setAttribute("placeholder", text));
}
