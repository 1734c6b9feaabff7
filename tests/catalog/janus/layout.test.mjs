// SPDX-License-Identifier: AGPL-3.0-or-later
import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./page.mjs";

const { chooseTiles, grid, layer, stage } = await load("layout.js");
const VIEWPORTS = [[304, 480], [320, 500], [568, 250], [752, 940], [1264, 720], [1900, 1000], [1000, 300]];

test("all tiles fit, none is a slot or a ribbon, for 1 to 16 people on any screen", () => {
    for (const [width, height] of VIEWPORTS) {
        for (let count = 1; count <= 16; count += 1) {
            const found = grid(count, width, height, 8);
            const where = `${count} on ${width}x${height}: ${JSON.stringify(found)}`;
            assert.ok(found.columns * found.rows >= count, where);
            assert.ok(found.columns * found.width + 8 * (found.columns - 1) <= width, where);
            assert.ok(found.rows * found.height + 8 * (found.rows - 1) <= height, where);
            const shape = found.width / found.height;
            assert.ok(shape > 0.74 && shape < 1.83, where);
            assert.ok(found.width * found.height * count > width * height * 0.3, where);
        }
    }
});

test("two stand side by side on a desk and above each other on a phone", () => {
    assert.deepEqual([grid(2, 1264, 720).columns, grid(2, 304, 480).columns], [2, 1]);
    assert.deepEqual([grid(4, 1264, 720).columns, grid(9, 1264, 720).columns, grid(16, 1264, 720).columns], [2, 3, 4]);
});

test("no room at all is no error", () => {
    assert.deepEqual(grid(3, 0, 0), { columns: 1, rows: 3, width: 0, height: 0 });
});

test("a large tile leaves a strip beside it on a desk and below it on a phone", () => {
    const [desk, phone] = [stage(5, 1264, 720), stage(5, 304, 480)];
    assert.equal(desk.beside, true);
    assert.equal(phone.beside, false);
    assert.ok(desk.main.width + desk.strip.width + 8 <= 1264);
    assert.ok(phone.main.height + phone.strip.height + 8 <= 480);
    assert.deepEqual(stage(0, 800, 600).main, { width: 800, height: 600 });
});

test("the layer follows the tile's size and the mode", () => {
    assert.deepEqual([100, 300, 700].map((pixels) => layer(pixels).substream), [0, 1, 2]);
    assert.deepEqual(layer(0), { substream: 0, temporal: 0, send: false });
    assert.deepEqual(layer(700, "low"), { substream: 0, temporal: 0, send: true });
    assert.equal(layer(700, "audio").send, false);
});

test("of more than sixteen, screens, ourselves and speakers are shown, and who is shown stays", () => {
    const tiles = Array.from({ length: 20 }, (_, at) => ({ id: `p${at}`, key: `p${at}`, you: at === 0, video: true }));
    tiles.unshift({ id: "p19", key: "p19-screen", screen: true });
    const shown = new Set(tiles.slice(1, 16).map((tile) => tile.key));
    const chosen = chooseTiles(tiles, shown, ["p18"]).map((tile) => tile.key);
    assert.equal(chosen.length, 15);
    for (const key of ["p19-screen", "p0", "p18"]) assert.ok(chosen.includes(key), key);
    assert.equal(chosen.filter((key) => shown.has(key)).length, 13);
    assert.deepEqual(chooseTiles(tiles.slice(0, 5), shown, []), tiles.slice(0, 5));
});
