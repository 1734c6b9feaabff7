-- SPDX-License-Identifier: AGPL-3.0-or-later
-- Who is connected, and how that ends.

local function names()
    local found = {}
    for name in pairs(prosody.hosts[module.host].sessions) do
        found[#found + 1] = name
    end
    return found
end

local function close(name, words)
    local own = prosody.hosts[module.host].sessions[name]
    local open = {}
    for _, session in pairs(own and own.sessions or {}) do
        open[#open + 1] = session
    end
    for _, session in ipairs(open) do
        session:close({ condition = "not-authorized", text = words })
    end
end

return { names = names, close = close }
