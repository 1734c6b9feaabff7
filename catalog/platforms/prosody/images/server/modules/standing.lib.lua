-- SPDX-License-Identifier: AGPL-3.0-or-later
-- What the directory says of a member, brought about here: the name others see, and whether they
-- may manage the server and the room that everyone meets in.

local cache = require "prosody.util.cache"
local users = require "prosody.core.usermanager"
local profile = module:require "profile"
local traces = module:require "traces"

local applied = cache.new(5000)
local STEWARD, MEMBER = "prosody:admin", "prosody:registered"

local function told(person)
    return (person.steward and "steward " or "member ") .. (person.shown or "")
end

local function apply(name, person)
    profile.follow(name, person.shown)
    local role = users.get_user_role(name, module.host)
    local before = role ~= nil and role.name == STEWARD
    if person.steward then
        traces.make_lobby_owner(name)
        assert(before or users.set_user_role(name, module.host, STEWARD))
    elseif before then
        traces.end_lobby_ownership(name)
        assert(users.set_user_role(name, module.host, MEMBER))
    end
    applied:set(name, told(person))
end

-- The same again and again costs the database nothing.
local function refresh(name, person)
    if applied:get(name) ~= told(person) then
        apply(name, person)
    end
end

return { apply = apply, refresh = refresh }
