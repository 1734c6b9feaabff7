-- SPDX-License-Identifier: AGPL-3.0-or-later
-- Sees that the room everyone meets in first is there. Its address, lobby@..., never changes;
-- its name follows the setting, but only when the setting changes, so that a steward who
-- renames the room in the chat is not overruled at every start.

local muc = module:depends "muc"
local applied = module:open_store("natm_lobby", "map")

local JID = "lobby@" .. module.host
local name = module:get_option_string("natm_lobby_name", "Lobby")

local function prepare()
    local room = muc.get_room_from_jid(JID)
    if not room then
        room = assert(muc.create_room(JID))
        room:set_persistent(true)
        room:set_public(true)
    elseif applied:get(nil, "name") == name then
        return
    end
    room:set_name(name)
    room:save(true)
    applied:set(nil, "name", name)
end

function module.ready()
    prosody.main_thread:run(prepare)
end
