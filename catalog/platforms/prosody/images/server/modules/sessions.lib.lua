-- SPDX-License-Identifier: AGPL-3.0-or-later
-- Who is connected, and how that ends.

local function names()
    local found = {}
    for name in pairs(prosody.hosts[module.host].sessions) do
        found[#found + 1] = name
    end
    return found
end

local function close_where(name, over, words)
    local own = prosody.hosts[module.host].sessions[name]
    local open = {}
    for _, session in pairs(own and own.sessions or {}) do
        open[#open + 1] = over(session) and session or nil
    end
    for _, session in ipairs(open) do
        session:close({ condition = "not-authorized", text = words })
    end
end

local function close(name, words)
    close_where(name, function() return true end, words)
end

-- Those from before a moment, written as a directory does: 20261127093000Z.
local function close_older(name, moment, words)
    close_where(name, function(session)
        return moment ~= nil and os.date("!%Y%m%d%H%M%SZ", session.natm_since or 0) < moment
    end, words)
end

return { names = names, close = close, close_older = close_older }
