-- SPDX-License-Identifier: AGPL-3.0-or-later
-- Where somebody comes from, as far as it matters for guessing.

local net = require "prosody.util.ip"

-- With IPv6 a household has a whole network, and a guesser too.
local function place(session)
    local ip = session.ip and net.new_ip(session.ip)
    if ip and ip.proto == "IPv6" and not ip.addr:find("^::ffff:") then
        return net.truncate(ip, 64).normal
    end
    return session.ip or "?"
end

return { of = place }
