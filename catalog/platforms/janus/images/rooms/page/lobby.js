// SPDX-License-Identifier: AGPL-3.0-or-later
// Before going in: see yourself, choose devices, say a name.

import { api, socketAddress } from "./api.js";
import { accountLinks, signInAddress } from "./account.js";
import { choices } from "./choices.js";
import { $, actions, memory, say, show, template } from "./dom.js";
import { Live } from "./live.js";
import { Media, meter } from "./media.js";
import { Meeting } from "./meeting.js";
import { colour, initials } from "./people.js";
import { pressed } from "./keys.js";
import { deviceSentences, forMembers, sentence } from "./troubles.js";
import { t } from "./words.js";

/** `wish`: what the page remembers of the meeting before: {name, trouble}. */
export async function showLobby(app, wish = {}) {
    const view = template("t-lobby");
    const lobby = { app, view, mode: memory.get("mode", "full"), camera: true, stopped: false };
    lobby.media = new Media({
        microphone: memory.get("microphone"), camera: memory.get("camera"), mode: lobby.mode,
    });
    lobby.media.muted = memory.get("muted", false);
    lobby.camera = memory.get("with-camera", true) && lobby.mode !== "audio";
    prepare(lobby, wish);
    show(view, t("lobby.title"));
    memory.set("last-room", app.link.replaceAll("-", " "));
    await lobby.media.open({ video: lobby.camera });
}

function prepare(lobby, wish) {
    const { app, view, media } = lobby;
    $("#lobby-room", view).textContent = app.link.replaceAll("-", " ");
    const name = $("#name", view);
    name.value = wish.name ?? app.me.display_name ?? app.me.name ?? memory.get("name", "");
    name.readOnly = Boolean(app.me.name);
    accountLinks(view, app.settings.account, app.me);
    name.addEventListener("input", () => face(lobby));
    lobby.choices = choices(media, lobby.mode, { mode: (mode) => setMode(lobby, mode), speaker: () => {} });
    $("#device-choices", view).append(lobby.choices.element);
    lobby.refresh = () => refresh(lobby);
    media.addEventListener("change", lobby.refresh);
    actions(view, {
        mute: () => { media.mute(!media.muted); memory.set("muted", media.muted); },
        camera: () => toggleCamera(lobby),
        listen: () => join(lobby, true),
        "retry-devices": () => media.open({ video: lobby.camera }),
    });
    $("#lobby-form", view).addEventListener("submit", (event) => {
        event.preventDefault();
        join(lobby, false);
    });
    say($("#join-trouble", view), wish.trouble);
    addEventListener("popstate", () => stop(lobby, true), { once: true });
    face(lobby);
}

function setMode(lobby, mode) {
    [lobby.mode, lobby.media.mode] = [mode, mode];
    lobby.camera = mode !== "audio" && memory.get("with-camera", true);
    if (lobby.camera) lobby.media.cameraOn();
    else lobby.media.cameraOff();
}

function toggleCamera(lobby) {
    lobby.camera = !lobby.camera;
    memory.set("with-camera", lobby.camera);
    if (lobby.camera) lobby.media.cameraOn();
    else lobby.media.cameraOff();
}

function face(lobby) {
    const name = $("#name", lobby.view).value;
    $(".face", lobby.view).textContent = initials(name) || "·";
    $("#preview-tile", lobby.view).dataset.colour = colour(name);
}

function refresh({ view, media, camera, ...lobby }) {
    const video = $("#preview", view);
    const stream = media.video ? [media.video] : [];
    if (video.srcObject?.getVideoTracks()[0] !== media.video) {
        video.srcObject = stream.length ? new MediaStream(stream) : null;
    }
    $("#preview-tile", view).classList.toggle("dark", !media.video);
    const { camera: cameraTrouble, microphone } = media.troubles;
    const asking = media.opening > 0 && !media.video && !media.audio;
    $("#preview-words", view).textContent = asking ? t("lobby.asking")
        : media.video ? "" : camera && cameraTrouble ? "" : t("lobby.camera_off");
    const sentences = deviceSentences({ camera: camera && cameraTrouble, microphone }, media.secure);
    say($("#camera-trouble", view), sentences.camera && t(sentences.camera));
    say($("#microphone-trouble", view), sentences.microphone && t(sentences.microphone));
    $("[data-action=retry-devices]", view).hidden = !(microphone || (camera && cameraTrouble)) || !media.secure;
    pressed($("[data-action=mute]", view), Boolean(media.audio) && !media.muted, "mic");
    pressed($("[data-action=camera]", view), Boolean(media.video), "camera");
    measureLevel({ view, media, lobby });
}

const meters = new WeakMap();

function measureLevel({ view, media }) {
    const known = meters.get(view);
    if (known?.track === media.audio) return;
    known?.meter?.stop();
    const level = $("#level", view);
    level.value = 0;
    const made = media.audio ? meter(media.audio, (loud) => {
        level.value = Math.min(1, loud * 6);
    }) : null;
    meters.set(view, { track: media.audio, meter: made });
}

/** Lets go of the meter and the devices, unless they go along into the room. */
function stop(lobby, withDevices) {
    if (lobby.stopped) return;
    lobby.stopped = true;
    lobby.choices.stop();
    lobby.media.removeEventListener("change", lobby.refresh);
    meters.get(lobby.view)?.meter?.stop();
    if (withDevices) lobby.media.close();
}

async function join(lobby, listening) {
    const { app, view, media } = lobby;
    const name = $("#name", view).value.trim();
    if (!name) {
        say($("#join-trouble", view), t("trouble.bad_name"));
        $("#name", view).focus();
        return;
    }
    if (!app.me.name) memory.set("name", name);
    say($("#join-trouble", view), "");
    busy(lobby, true);
    if (listening) silence(lobby);
    const outside = { api, openLive: Live.open, openSession: null, address: socketAddress, relayOnly: app.relayOnly };
    try {
        ({ openSession: outside.openSession } = await import("./session.js"));
        const meeting = new Meeting({ link: app.link, name, invite: app.invite, media, mode: lobby.mode, outside });
        await meeting.join($("#pin", view).value.trim());
        stop(lobby, false);
        app.room(meeting);
    } catch (error) {
        busy(lobby, false);
        refused(lobby, error);
    }
}

function busy({ view }, is) {
    for (const name of ["join", "listen"]) $(`[data-action=${name}]`, view).disabled = is;
    $("[data-action=join]", view).textContent = t(is ? "lobby.joining" : "lobby.join");
}

function silence({ media }) {
    media.close();
    media.mute(true);
}

function refused({ app, view }, error) {
    if (forMembers(error) && !app.me.name) {
        $("#sign-in-first", view).href = signInAddress(app.settings.account) ?? "/";
        $("#sign-in-first", view).hidden = false;
    }
    const wantsPin = error.code === "pin_needed" || error.code === "pin_wrong";
    if (wantsPin) $("#pin-line", view).hidden = false;
    say($("#join-trouble", view), t(sentence(error), { seconds: Math.ceil(error.retryAfter ?? 60) }));
    (wantsPin ? $("#pin", view) : $("[data-action=join]", view)).focus();
}
