-- SPDX-License-Identifier: AGPL-3.0-or-later
-- What the directory says of a member, brought about here: the name others see, and whether they
-- may manage the server and the room that everyone meets in.

local users = require "prosody.core.usermanager"
local profile = module:require "profile"
local traces = module:require "traces"

local STEWARD, MEMBER = "prosody:admin", "prosody:registered"

local function apply(name, person)
    profile.follow(name, person.shown)
    local role = users.get_user_role(name, module.host)
    local before = role ~= nil and role.name == STEWARD
    if person.steward and not before then
        assert(users.set_user_role(name, module.host, STEWARD))
        traces.make_lobby_owner(name)
    elseif before and not person.steward then
        traces.end_lobby_ownership(name)
        assert(users.set_user_role(name, module.host, MEMBER))
    end
end

return { apply = apply }
