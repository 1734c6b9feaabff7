-- SPDX-License-Identifier: AGPL-3.0-or-later
-- The name that people see, kept where XMPP apps look for it: in the member's own profile.
-- Members may change it later. What was written here is remembered, so that a name changed in the
-- account follows, and one that a member chose for themselves stays.

local st = require "prosody.util.stanza"

local PUBSUB = "http://jabber.org/protocol/pubsub"
local VCARD, NICK = "urn:ietf:params:xml:ns:vcard-4.0", "http://jabber.org/protocol/nick"
local written = module:open_store("natm_profile", "map")
local EVERYONE = { access_model = "open", max_items = 1, _defaults_only = true }

local function service(name)
    return module:depends("pep").get_pep_service(name)
end

local function item()
    return st.stanza("item", { xmlns = PUBSUB, id = "current" })
end

local function write(name, shown)
    if type(shown) ~= "string" or shown == "" then
        return
    end
    local card = item():tag("vcard", { xmlns = VCARD })
        :tag("fn"):text_tag("text", shown):up()
        :tag("nickname"):text_tag("text", shown):up()
    local nick = item():text_tag("nick", shown, { xmlns = NICK })
    assert(service(name):publish("urn:xmpp:vcard4", true, "current", card:reset(), EVERYONE))
    assert(service(name):publish(NICK, true, "current", nick:reset(), EVERYONE))
    assert(written:set(name, "shown", shown))
end

local function card_of(name)
    local found, _, card = service(name):get_last_item("urn:xmpp:vcard4", true)
    return found and card
end

local function read(name)
    local card = card_of(name)
    local vcard = card and card:get_child("vcard", VCARD)
    local full_name = vcard and vcard:get_child("fn")
    return full_name and full_name:get_child_text("text")
end

-- The account's name, unless the member has another one of their own choice here.
local function follow(name, shown)
    local before = written:get(name, "shown")
    if shown ~= before and (not card_of(name) or before and read(name) == before) then
        write(name, shown)
    end
end

return { write = write, read = read, follow = follow }
