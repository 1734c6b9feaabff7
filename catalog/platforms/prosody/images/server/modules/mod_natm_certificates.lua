-- SPDX-License-Identifier: AGPL-3.0-or-later
-- Takes up the certificate for XMPP apps when it first appears, and each time it is renewed.
-- The edge writes certificate and key one after the other, so a pair is only taken up
-- once the two fit together; until then what is in use stays in use. Before the first pair there
-- is no encryption, and so no sign-in: mod_tls is loaded here and not in the configuration.

local lfs = require "lfs"
local ssl = require "ssl"
local modulemanager = require "prosody.core.modulemanager"

local EVERY = 5 -- seconds
local files = module:get_option("ssl", {})
local in_use

local function stamp(path)
    local found = lfs.attributes(path)
    return found and ("%d/%d/%d"):format(found.ino, found.modification, found.size)
end

local function stamps()
    local certificate, key = stamp(files.certificate), stamp(files.key)
    return certificate and key and certificate .. " " .. key
end

local function problem()
    local _, message = ssl.newcontext({
        mode = "server", protocol = "any", certificate = files.certificate, key = files.key,
    })
    return message
end

local function take_up()
    if modulemanager.is_loaded(module.host, "tls") then
        prosody.reload_config()
    else
        modulemanager.load(module.host, "tls")
    end
end

local function look()
    local now = stamps()
    if not now or now == in_use then
        return EVERY
    end
    local message = problem()
    if message then
        module:log("warn", "The new certificate is not usable yet: %s", message)
        return EVERY
    end
    in_use = now
    prosody.main_thread:run(take_up)
    return EVERY
end

if files.certificate and files.key then
    module:add_timer(0.1, look)
end
