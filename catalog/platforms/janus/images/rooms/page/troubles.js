// SPDX-License-Identifier: AGPL-3.0-or-later
// What went wrong, as the name of a sentence for people. All sentences are in words/.

const REFUSALS = {
    unknown_room: "trouble.unknown_room",
    pin_needed: "trouble.pin_needed",
    pin_wrong: "trouble.pin_wrong",
    removed: "trouble.removed",
    removed_nearby: "trouble.removed_nearby",
    bad_name: "trouble.bad_name",
    locked: "trouble.locked",
    members_only: "trouble.members_only",
    invite_needed: "trouble.invite_needed",
    invite_over: "trouble.invite_over",
    full: "trouble.full",
    too_many: "trouble.too_many",
    sign_in_wrong: "trouble.sign_in_wrong",
    stewards_only: "trouble.stewards_only",
    bad_title: "trouble.bad_title",
    bad_pin: "trouble.bad_pin",
    too_many_rooms: "trouble.too_many_rooms",
    network: "trouble.network",
};
const FOR_MEMBERS = new Set(["members_only", "invite_needed", "invite_over"]);
const FINAL = new Set(["unknown_room", "removed", "removed_nearby", "bad_name", "pin_needed", "pin_wrong",
    ...FOR_MEMBERS]);

/** A refusal or a failure: `code`, and `retryAfter` in seconds where the server named it. */
export class Trouble extends Error {
    constructor(code, { retryAfter, status } = {}) {
        super(code);
        this.code = code;
        this.status = status;
        this.retryAfter = retryAfter;
        this.final = FINAL.has(code);
    }
}

/** The sentence for a refusal of the server. */
export const sentence = (error) => REFUSALS[error?.code] ?? "trouble.other";

/** Whether signing in would help. */
export const forMembers = (error) => FOR_MEMBERS.has(error?.code);

const DEVICES = {
    NotAllowedError: "denied",
    SecurityError: "denied",
    NotFoundError: "missing",
    DevicesNotFoundError: "missing",
    NotReadableError: "busy",
    TrackStartError: "busy",
    AbortError: "busy",
    OverconstrainedError: "unfit",
    TypeError: "insecure",
};
const SENTENCES = {
    camera: {
        denied: "device.camera_denied",
        missing: "device.camera_missing",
        busy: "device.camera_busy",
        unfit: "device.camera_unfit",
    },
    microphone: {
        denied: "device.microphone_denied",
        missing: "device.microphone_missing",
        busy: "device.microphone_busy",
        unfit: "device.microphone_unfit",
    },
};

/** The sentence for a camera or microphone that did not open. */
export function deviceSentence(kind, error, secure = true) {
    const why = secure ? DEVICES[error?.name] : "insecure";
    if (why === "insecure") return "device.insecure";
    return SENTENCES[kind][why] ?? "device.other";
}

/** What to say of both together: once, where it is the same for both. */
export function deviceSentences({ camera, microphone }, secure = true) {
    const said = {
        camera: camera ? deviceSentence("camera", camera, secure) : null,
        microphone: microphone ? deviceSentence("microphone", microphone, secure) : null,
    };
    const denied = said.camera === "device.camera_denied" && said.microphone === "device.microphone_denied";
    if (denied) return { camera: "device.both_denied", microphone: null };
    return said.camera === said.microphone ? { camera: said.camera, microphone: null } : said;
}
