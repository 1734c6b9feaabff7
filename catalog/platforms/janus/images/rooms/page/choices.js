// SPDX-License-Identifier: AGPL-3.0-or-later
// Devices and how much to send: the same choices in the lobby and in the settings.

import { $, all, make, memory, template } from "./dom.js";
import { t } from "./words.js";

const SELECTS = [["microphone", "audioinput"], ["camera", "videoinput"], ["speaker", "audiooutput"]];
const canChooseSpeaker = () => "setSinkId" in HTMLMediaElement.prototype;

/** Choices that stay up to date with the devices; `on`: {mode, speaker}. Gives {element, stop}. */
export function choices(media, mode, on) {
    const element = template("t-choices");
    const radio = $(`#mode-${mode}`, element);
    if (radio) radio.checked = true;
    for (const one of all("[name=mode]", element)) {
        one.addEventListener("change", () => {
            memory.set("mode", one.value);
            on.mode(one.value);
        });
    }
    const chosen = {
        microphone: (id) => media.microphoneOn(id), camera: (id) => media.cameraOn(id), speaker: on.speaker,
    };
    for (const [what] of SELECTS) {
        $(`#choose-${what}`, element).addEventListener("change", (event) => {
            memory.set(what, event.target.value);
            chosen[what](event.target.value);
        });
    }
    const refresh = () => fillSelects(element, media);
    media.addEventListener("change", refresh);
    refresh();
    return { element, stop: () => media.removeEventListener("change", refresh) };
}

function fillSelects(element, media) {
    const present = {
        microphone: media.audio?.getSettings().deviceId, camera: media.video?.getSettings().deviceId,
        speaker: memory.get("speaker"),
    };
    for (const [what, kind] of SELECTS) {
        const select = $(`#choose-${what}`, element);
        const found = media.devices[kind];
        const key = JSON.stringify(found.map((one) => [one.deviceId, one.label]));
        if (select.dataset.key !== key) {
            select.dataset.key = key;
            select.replaceChildren(...found.map((one, at) => make("option", { value: one.deviceId },
                one.label || t("device.number", { number: at + 1 }))));
            if (found.length === 0) select.append(make("option", { value: "" }, t("device.none")));
            select.disabled = found.length === 0;
        }
        const wish = present[what] ?? media.choice[what];
        if (wish && found.some((one) => one.deviceId === wish)) select.value = wish;
    }
    $("#speaker-line", element).hidden = !canChooseSpeaker() || media.devices.audiooutput.length < 2;
}
