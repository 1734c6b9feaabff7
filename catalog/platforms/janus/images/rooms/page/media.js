// SPDX-License-Identifier: AGPL-3.0-or-later
// Our own camera, microphone and screen.

import { cameraWish, microphoneWish } from "./sending.js";

const EMPTY = { audioinput: [], videoinput: [], audiooutput: [] };

/** Tells "change" when a track, a list of devices or a trouble has changed. */
export class Media extends EventTarget {
    audio = null;
    video = null;
    screen = null;
    muted = false;
    troubles = { camera: null, microphone: null };
    devices = EMPTY;
    opening = 0;
    #choice;

    constructor({ microphone = null, camera = null, mode = "full" } = {}) {
        super();
        this.#choice = { microphone, camera };
        this.mode = mode;
        navigator.mediaDevices?.addEventListener?.("devicechange", () => this.look());
    }

    get secure() {
        return window.isSecureContext && Boolean(navigator.mediaDevices?.getUserMedia);
    }

    get choice() {
        return this.#choice;
    }

    /** Asks for both at once, so that people are asked one question; then for each alone, to know which failed. */
    async open({ audio = true, video = true } = {}) {
        if (!audio || !video) {
            await (audio ? this.microphoneOn() : video ? this.cameraOn() : this.look());
            return;
        }
        try {
            const stream = await this.#ask({ audio: this.#sound(), video: this.#picture() });
            this.#keep("audio", stream.getAudioTracks()[0]);
            this.#keep("video", stream.getVideoTracks()[0]);
        } catch (error) {
            await this.#apart(error);
        }
        await this.look();
    }

    /** Both together did not work. Whoever said no to both is not asked again; who blocks one has the other. */
    async #apart(error) {
        if (error.name !== "NotAllowedError" && this.secure) {
            await Promise.all([this.microphoneOn(), this.cameraOn()]);
            return;
        }
        const blocked = this.secure ? await blockedDevices() : [];
        this.#failed(error, "camera", "microphone");
        if (blocked.length !== 1) return;
        if (blocked[0] === "camera") await this.microphoneOn();
        else await this.cameraOn();
    }

    async microphoneOn(id) {
        await this.#one("microphone", "audio", id, () => ({ audio: this.#sound() }));
    }

    async cameraOn(id) {
        await this.#one("camera", "video", id, () => ({ video: this.#picture() }));
    }

    /** The lamp of the camera goes out: it is given back, not just hidden. */
    cameraOff() {
        this.#drop("video");
        this.#tell();
    }

    mute(muted) {
        this.muted = muted;
        if (this.audio) this.audio.enabled = !muted;
        this.#tell();
    }

    /** Null if the member thought better of it. */
    async share() {
        const wish = { video: { frameRate: { max: 15 } }, audio: true };
        const stream = await navigator.mediaDevices.getDisplayMedia(wish);
        const [video, audio = null] = [stream.getVideoTracks()[0], stream.getAudioTracks()[0]];
        video.contentHint = "detail";
        this.screen = { video, audio };
        video.addEventListener("ended", () => this.unshare());
        this.#tell();
    }

    unshare() {
        this.screen?.video.stop();
        this.screen?.audio?.stop();
        this.screen = null;
        this.#tell();
    }

    /** Which devices there are; their names are known once one was allowed. */
    async look() {
        const found = await navigator.mediaDevices?.enumerateDevices().catch(() => []) ?? [];
        this.devices = Object.fromEntries(Object.keys(EMPTY).map((kind) => [
            kind, found.filter((one) => one.kind === kind && one.deviceId !== ""),
        ]));
        this.#tell();
    }

    close() {
        this.#drop("audio");
        this.#drop("video");
        this.unshare();
    }

    #sound() {
        return microphoneWish(this.#choice.microphone);
    }

    #picture() {
        return cameraWish(this.mode, this.#choice.camera, navigator.hardwareConcurrency ?? 4);
    }

    async #one(what, kind, id, wish) {
        if (id !== undefined) this.#choice = { ...this.#choice, [what]: id || null };
        // Some devices cannot be opened twice: the old one is given back first.
        this.#drop(kind);
        try {
            const stream = await this.#ask(wish());
            this.#keep(kind, stream.getTracks()[0]);
        } catch (error) {
            if (error.name === "OverconstrainedError" && this.#choice[what]) {
                await this.#one(what, kind, null, wish); // The chosen one was unplugged: any other will do.
                return;
            }
            this.#failed(error, what);
        }
        await this.look();
    }

    async #ask(wish) {
        this.opening += 1;
        this.#tell();
        try {
            return await navigator.mediaDevices.getUserMedia(wish);
        } finally {
            this.opening -= 1;
        }
    }

    #keep(kind, track) {
        this.#drop(kind);
        this[kind] = track;
        this.troubles[kind === "audio" ? "microphone" : "camera"] = null;
        if (kind === "audio") track.enabled = !this.muted;
        track.addEventListener("ended", () => {
            if (this[kind] !== track) return;
            this[kind] = null;
            this.#failed(new DOMException("", "NotReadableError"), kind === "audio" ? "microphone" : "camera");
        });
    }

    #drop(kind) {
        const old = this[kind];
        this[kind] = null;
        old?.stop();
    }

    #failed(error, ...what) {
        for (const one of what) this.troubles[one] = error;
        this.#tell();
    }

    #tell() {
        this.dispatchEvent(new Event("change"));
    }
}

/** Of camera and microphone, what this page may not use whatever it asks, as far as the browser tells. */
async function blockedDevices() {
    const state = (name) => navigator.permissions.query({ name }).then((one) => one.state);
    const both = ["camera", "microphone"];
    const found = await Promise.all(both.map((name) => state(name).catch(() => "denied"))).catch(() => []);
    return both.filter((_, at) => found[at] === "denied");
}

/** How loud a track is, from 0 to 1, many times a second until stop(). */
export function meter(track, onLevel, every = 100) {
    const context = new AudioContext();
    // Of its own, so that it hears also while we are muted and can say so.
    const heard = track.clone();
    heard.enabled = true;
    const analyser = context.createAnalyser();
    analyser.fftSize = 512;
    context.createMediaStreamSource(new MediaStream([heard])).connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    const timer = setInterval(() => {
        analyser.getFloatTimeDomainData(samples);
        onLevel(Math.sqrt(samples.reduce((sum, one) => sum + one * one, 0) / samples.length));
    }, every);
    context.resume().catch(() => {});
    return {
        stop() {
            clearInterval(timer);
            heard.stop();
            context.close().catch(() => {});
        },
    };
}
