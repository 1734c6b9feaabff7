-- SPDX-License-Identifier: AGPL-3.0-or-later
-- The name that people see, kept where XMPP apps look for it: in the member's own profile.
-- Members may change it later.

local st = require "prosody.util.stanza"

local PUBSUB = "http://jabber.org/protocol/pubsub"
local VCARD, NICK = "urn:ietf:params:xml:ns:vcard-4.0", "http://jabber.org/protocol/nick"
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
end

local function read(name)
    local found, _, card = service(name):get_last_item("urn:xmpp:vcard4", true)
    local vcard = found and card and card:get_child("vcard", VCARD)
    local full_name = vcard and vcard:get_child("fn")
    return full_name and full_name:get_child_text("text")
end

return { write = write, read = read }
