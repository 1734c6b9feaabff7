// SPDX-License-Identifier: AGPL-3.0-or-later
// What getStats() says, made into numbers that a page can use.

/** Losses and delay since the report before. `reports`: lists of stats, one per connection. */
export function measure(reports) {
    const sum = { received: 0, lost: 0, sentLoss: 0, delay: 0, frozen: 0 };
    for (const one of reports.flat()) {
        if (one.type === "inbound-rtp") {
            sum.received += one.packetsReceived ?? 0;
            sum.lost += Math.max(0, one.packetsLost ?? 0);
            sum.frozen += one.kind === "audio" ? (one.concealedSamples ?? 0) : 0;
        }
        if (one.type === "remote-inbound-rtp") {
            sum.sentLoss = Math.max(sum.sentLoss, one.fractionLost ?? 0);
            sum.delay = Math.max(sum.delay, one.roundTripTime ?? 0);
        }
        if (one.type === "candidate-pair" && one.nominated) {
            sum.delay = Math.max(sum.delay, one.currentRoundTripTime ?? 0);
        }
    }
    return sum;
}

/** True where people would notice: more than 6 % lost either way, or more than 0.7 s there and back. */
export function poor(now, before) {
    const received = now.received - (before?.received ?? 0);
    const lost = now.lost - (before?.lost ?? 0);
    const share = received + lost > 20 ? Math.max(0, lost) / (received + lost) : 0;
    return share > 0.06 || now.sentLoss > 0.06 || now.delay > 0.7;
}

/** Says "weak" after two poor looks and takes it back after four good ones. */
export class Judge {
    #poor = 0; #good = 0; #before = null;
    weak = false;

    /** True if the judgement changed. */
    look(now) {
        const is = poor(now, this.#before);
        this.#before = now;
        this.#poor = is ? this.#poor + 1 : 0;
        this.#good = is ? 0 : this.#good + 1;
        const weak = this.weak ? this.#good < 4 : this.#poor >= 2;
        const changed = weak !== this.weak;
        this.weak = weak;
        return changed;
    }

    /** Numbers of another connection begin at nought. */
    forget() {
        this.#before = null;
    }
}

/** Per receiving mid: frames decoded and bytes; and how we get to the relay, false where there is none between. */
export function counts(stats) {
    const byId = new Map(stats.map((one) => [one.id, one]));
    const mids = {};
    for (const one of stats.filter((each) => each.type === "inbound-rtp")) {
        mids[one.mid ?? one.trackIdentifier] = {
            kind: one.kind, frames: one.framesDecoded ?? 0, bytes: one.bytesReceived ?? 0,
            height: one.frameHeight ?? 0,
        };
    }
    const chosen = stats.find((one) => one.type === "transport" && one.selectedCandidatePairId);
    const pair = byId.get(chosen?.selectedCandidatePairId)
        ?? stats.find((one) => one.type === "candidate-pair" && one.nominated && one.state === "succeeded");
    const local = byId.get(pair?.localCandidateId);
    const relay = local?.candidateType === "relay" && (local.relayProtocol ?? true);
    const sent = stats.filter((one) => one.type === "outbound-rtp");
    const bytes = (kind) => sent.filter((one) => one.kind === kind)
        .reduce((sum, one) => sum + (one.bytesSent ?? 0), 0);
    return { mids, relay, sent: { audioBytes: bytes("audio"), videoBytes: bytes("video") } };
}
