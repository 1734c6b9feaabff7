-- SPDX-License-Identifier: AGPL-3.0-or-later
-- What an account has beyond itself: rooms it owns or belongs to, words in rooms, shared files.

local node_of = require "prosody.util.jid".node
local getpath = require "prosody.util.datamanager".getpath

local PROOF = "^natm%-proof%-"
local LOBBY = "lobby"
local rooms_host = module:get_option_string("natm_rooms")
local share_host = module:get_option_string("natm_share")

local function jid(name)
    return name .. "@" .. module.host
end

local function muc()
    return prosody.hosts[rooms_host].modules.muc
end

local function set_in_lobby(name, affiliation)
    local room = muc().get_room_from_jid(LOBBY .. "@" .. rooms_host)
    if room and room:get_affiliation(jid(name)) ~= affiliation then
        room:set_affiliation(true, jid(name), affiliation)
        room:save(true)
    end
end

local function make_lobby_owner(name)
    set_in_lobby(name, "owner")
end

local function end_lobby_ownership(name)
    set_in_lobby(name, nil)
end

local function owned_by_others(room, name)
    for owner in room:each_affiliation("owner") do
        if owner ~= jid(name) and not owner:find(PROOF) then
            return true
        end
    end
    return false
end

-- Destroyed once, a room leaves a tombstone that keeps its name taken; destroyed again, nothing.
local function destroy(room)
    local address = room.jid
    room:destroy()
    local tombstone = muc().get_room_from_jid(address)
    if tombstone then
        tombstone:destroy()
    end
end

-- Rooms keep no addresses with what was said, but a mark of the speaker that only they can make.
local function remove_words(room, name, since)
    local archive = module:context(rooms_host):open_store("muc_log", "archive")
    local node, mark = node_of(room.jid), room:get_occupant_id({ bare_jid = jid(name) })
    local own = {}
    for id, stanza in assert(archive:find(node, { start = since })) do
        local speaker = stanza:get_child("occupant-id", "urn:xmpp:occupant-id:0")
        if speaker and speaker.attr.id == mark then
            own[#own + 1] = id
        end
    end
    if own[1] then
        assert(archive:delete(node, { ids = own }))
    end
end

local function forget(room, name, affiliation, since)
    if affiliation and affiliation ~= "none" then
        room:set_affiliation(true, jid(name), nil)
        room:save(true)
    end
    if since then
        remove_words(room, name, since)
    end
end

-- `since` is when the account was made: nothing can have been said before.
local function remove_rooms(name, since)
    local all = {}
    for room in muc().all_rooms() do
        all[#all + 1] = room
    end
    for _, room in ipairs(all) do
        local affiliation = room:get_affiliation(jid(name))
        -- A steward of a proof may be the only owner of the room that belongs to everyone.
        local own = affiliation == "owner" and node_of(room.jid) ~= LOBBY
        if own and not owned_by_others(room, name) then
            destroy(room)
        elseif room._data.destroyed and room.jid:find(PROOF) then
            room:destroy()
        else
            forget(room, name, affiliation, since)
        end
    end
end

local function remove_uploads(name)
    local uploads = module:context(share_host):open_store("uploads", "archive")
    for slot in assert(uploads:find(nil, { with = jid(name) })) do
        os.remove(getpath(slot, share_host, "http_file_share", "bin"))
    end
    assert(uploads:delete(nil, { with = jid(name) }))
end

return {
    make_lobby_owner = make_lobby_owner,
    end_lobby_ownership = end_lobby_ownership,
    remove_rooms = remove_rooms,
    remove_uploads = remove_uploads,
}
