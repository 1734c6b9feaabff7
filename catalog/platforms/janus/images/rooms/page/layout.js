// SPDX-License-Identifier: AGPL-3.0-or-later
// Where tiles go, and how much video each of them is worth.

const NARROWEST = 3 / 4;
const WIDEST = 16 / 9;
export const MOST_TILES = 16;

/** Columns, rows and the size of a tile: the arrangement that shows people largest. */
export function grid(count, width, height, gap = 8) {
    let best = { columns: 1, rows: 1, width: 0, height: 0 };
    for (let columns = 1; columns <= Math.max(1, count); columns += 1) {
        const rows = Math.ceil(Math.max(1, count) / columns);
        const tile = fit((width - gap * (columns - 1)) / columns, (height - gap * (rows - 1)) / rows);
        // A little larger is not worth a hole in the last row.
        const holes = columns * rows - count;
        const worth = tile.width * tile.height * (1 - 0.02 * holes);
        if (worth > best.worth || best.worth === undefined) best = { columns, rows, ...tile, worth };
    }
    const { worth: _, ...found } = best;
    return found;
}

/** The largest tile in a cell that is neither a slot nor a ribbon. */
export function fit(width, height) {
    const w = Math.max(0, Math.min(width, height * WIDEST));
    const h = Math.max(0, Math.min(height, w / NARROWEST));
    return { width: Math.floor(w), height: Math.floor(h) };
}

/** A large place for one and a strip for the others, beside or below it. */
export function stage(count, width, height, gap = 8) {
    if (count === 0) return { main: { width, height }, strip: null, beside: false };
    const beside = width > height * 1.2;
    const room = beside ? Math.min(240, width * 0.22) : Math.min(130, height * 0.24);
    const main = beside ? { width: width - room - gap, height } : { width, height: height - room - gap };
    const strip = beside ? { width: room, height: Math.min(room / WIDEST, height) }
        : { width: room * 1.25, height: room };
    return { main: whole(main), strip: whole(strip), beside };
}

function whole(size) {
    return { width: Math.floor(size.width), height: Math.floor(size.height) };
}

/** The simulcast layer for a tile of that many device pixels of height. */
export function layer(pixels, mode = "full") {
    if (pixels <= 0 || mode === "audio") return { substream: 0, temporal: 0, send: false };
    if (mode === "low") return { substream: 0, temporal: 0, send: true };
    if (pixels <= 200) return { substream: 0, temporal: 2, send: true };
    return { substream: pixels <= 440 ? 1 : 2, temporal: 2, send: true };
}

/** Who is shown when there are more than fit: a shown one keeps the place unless a speaker needs it. */
export function chooseTiles(tiles, shown, recent, limit = MOST_TILES) {
    if (tiles.length <= limit) return tiles;
    const rank = (tile) => {
        if (tile.screen) return 0;
        if (tile.you) return 1;
        const spoke = recent.indexOf(tile.id);
        if (spoke >= 0 && spoke < limit - 2) return 2 + spoke / 100;
        return shown.has(tile.key) ? 3 : tile.video ? 4 : 5;
    };
    const kept = [...tiles].sort((a, b) => rank(a) - rank(b)).slice(0, limit - 1);
    const keys = new Set(kept.map((tile) => tile.key));
    return tiles.filter((tile) => keys.has(tile.key));
}
