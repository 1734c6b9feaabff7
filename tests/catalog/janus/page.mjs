// SPDX-License-Identifier: AGPL-3.0-or-later
// The page's modules, for the tests beside this file. A copy, since older node wants to be told that they
// are modules, by a file that has no business on the page itself.

import { webcrypto } from "node:crypto";
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

// Browsers have had these for years; Debian 12's node has not.
globalThis.crypto ??= webcrypto;
globalThis.CustomEvent ??= class extends Event {
    constructor(type, { detail = null } = {}) {
        super(type);
        this.detail = detail;
    }
};

const source = new URL("../../../catalog/platforms/janus/images/rooms/page/", import.meta.url);
const copy = mkdtempSync(join(tmpdir(), "natm-page-"));
cpSync(source, copy, { recursive: true });
writeFileSync(join(copy, "package.json"), '{"type": "module"}');
process.on("exit", () => rmSync(copy, { recursive: true, force: true }));

export const page = pathToFileURL(`${copy}/`);
export const load = (name) => import(new URL(name, page));
