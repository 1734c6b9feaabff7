// SPDX-License-Identifier: AGPL-3.0-or-later
// How much of ourselves we send: three sizes of the camera, shared out of the room's bitrate.

export const LOW_BITRATE = 64_000;

/** Bits a second for all of a camera's layers. */
export function bitrate(roomKbit, mode) {
    return mode === "full" ? Math.max(LOW_BITRATE, roomKbit * 1000) : LOW_BITRATE;
}

/** Encodings for the browser, largest first, as Janus reads them. */
export function encodings(roomKbit, mode = "full") {
    const all = bitrate(roomKbit, "full");
    const full = mode === "full";
    const low = full ? Math.min(150_000, Math.max(LOW_BITRATE, all * 0.12)) : LOW_BITRATE;
    const middle = Math.min(500_000, all * 0.28);
    const rates = { h: Math.max(all - middle - low, middle), m: middle, l: low };
    return Object.entries(rates).map(([rid, rate], at) => ({
        rid,
        active: full || rid === "l",
        maxBitrate: Math.round(rate),
        scaleResolutionDownBy: [1, 2, 4][at],
        ...(full ? {} : { maxFramerate: 15 }),
    }));
}

/** The same as a change to what a sender already has: keys it does not know are left alone. */
export function adjusted(present, roomKbit, mode) {
    const wanted = new Map(encodings(roomKbit, mode).map((one) => [one.rid, one]));
    if (present.length < 2) {
        return present.map((one) => ({ ...one, maxBitrate: bitrate(roomKbit, mode) }));
    }
    return present.map((one) => {
        const { active, maxBitrate, maxFramerate = 30 } = wanted.get(one.rid) ?? {};
        return { ...one, active, maxBitrate, maxFramerate };
    });
}

/** What is asked of a camera. A weak device or a weak link is asked for less. */
export function cameraWish(mode, deviceId, cores = 4) {
    const small = mode !== "full" || cores <= 2;
    return {
        ...(deviceId ? { deviceId: { exact: deviceId } } : { facingMode: "user" }),
        width: { ideal: small ? 640 : 1280 },
        height: { ideal: small ? 360 : 720 },
        frameRate: { ideal: small ? 15 : 25, max: 30 },
    };
}

/** What is asked of a microphone. */
export function microphoneWish(deviceId) {
    return {
        ...(deviceId ? { deviceId: { exact: deviceId } } : {}),
        echoCancellation: true, noiseSuppression: true, autoGainControl: true,
    };
}
