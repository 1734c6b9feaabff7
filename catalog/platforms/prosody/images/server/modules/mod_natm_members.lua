-- SPDX-License-Identifier: AGPL-3.0-or-later
-- Accounts, for natm: create, reset, remove, list, purge, end. Requests come over Prosody's own
-- admin socket, which only this container's user can open. With the one account, members are made
-- and locked elsewhere: then there is only something to end, to purge, or to list from earlier days.

local array = require "prosody.util.array"
local json = require "prosody.util.json"
local st = require "prosody.util.stanza"
local users = require "prosody.core.usermanager"
local saslprep = require "prosody.util.encodings".stringprep.saslprep

local profile = module:require "profile"
local traces = module:require "traces"
local sessions = module:require "sessions"

local host = module.host
local STEWARD, MEMBER = "prosody:admin", "prosody:registered"
local PROOF = "^natm%-proof%-"
local ELSEWHERE = { create = true, reset = true, remove = true }
local own = module:open_store("accounts")
local one_account = module:get_option_string("authentication") == "natm"

local function refusal(code, message)
    return { ok = false, code = code, message = message }
end

local function usable_name(name)
    return type(name) == "string" and #name >= 2 and #name <= 31
        and name:find("^[a-z][a-z0-9-]*$") ~= nil
end

local function usable_password(password)
    return type(password) == "string" and #password >= 1 and #password <= 1000
        and saslprep(password) ~= nil
end

-- The account as stored; a session alone (of someone just deleted) does not count.
local function exists(name)
    return users.get_account_info(name, host) ~= nil
end

local function let_in(name, password)
    assert(users.set_password(name, password, host))
    assert(users.enable_user(name, host))
    return { ok = true }
end

local actions = {}

function actions.create(request)
    local name = request.name
    if not usable_password(request.password) then
        return refusal("password", "This password cannot be used.")
    elseif exists(name) then
        if name:find(PROOF) then
            return let_in(name, request.password)
        end
        return refusal("exists", "There is an account of this name already.")
    end
    assert(users.create_user(name, request.password, host))
    assert(users.set_user_role(name, host, request.steward == true and STEWARD or MEMBER))
    profile.write(name, request.display_name)
    if request.steward == true then
        traces.make_lobby_owner(name)
    end
    return { ok = true }
end

function actions.reset(request)
    if not usable_password(request.password) then
        return refusal("password", "This password cannot be used.")
    elseif not exists(request.name) then
        return refusal("unknown", "There is no account of this name.")
    end
    return let_in(request.name, request.password)
end

function actions.remove(request)
    if not exists(request.name) then
        return refusal("unknown", "There is no account of this name.")
    end
    assert(users.disable_user(request.name, host))
    return { ok = true }
end

function actions.purge(request)
    local name = request.name
    if not name:find(PROOF) then
        return refusal("not_a_proof", "Only accounts made for a proof can be purged.")
    end
    -- The account goes last: while it is there, an interrupted purge is seen and done again.
    local account = users.get_account_info(name, host)
    traces.remove_rooms(name, account and account.created)
    traces.remove_uploads(name)
    if account or one_account then
        assert(users.delete_user(name, host))
    end
    return { ok = true }
end

actions["end"] = function(request)
    sessions.close(request.name, "This session was ended. Please sign in again.")
    return { ok = true }
end

-- Prosody's own accounts. With the one account they are those of earlier days, which open nothing:
-- natm asks for them so that whose they were finds their messages again, and nobody else does.
function actions.list()
    local members = array()
    for name in own:users() do
        local kept = own:get(name)
        -- Whoever came in by the one account alone has an entry here, and never had a password.
        if not name:find(PROOF) and (kept.stored_key or not one_account) then
            local role = users.get_user_role(name, host)
            members:push({
                name = name, display_name = profile.read(name) or name,
                steward = role ~= nil and role.name == STEWARD,
                disabled = kept.disabled == true,
            })
        end
    end
    table.sort(members, function(a, b) return a.name < b.name end)
    return { ok = true, members = members }
end

local function handle(action, text)
    local request = json.decode(text == "" and "{}" or text)
    if not actions[action] or type(request) ~= "table" then
        return refusal("usage", "This request cannot be understood.")
    elseif action ~= "list" and not usable_name(request.name) then
        return refusal("name", "A name is 2 to 31 small letters, digits or hyphens.")
    end
    if one_account and ELSEWHERE[action] then
        return refusal("refused", "The account platform keeps the accounts.")
    end
    return actions[action](request)
end

module:hook_global("admin/natm-members", function(event)
    local stanza = event.stanza
    local fine, answer = pcall(handle, stanza.attr.action, stanza:get_text() or "")
    if not fine then
        module:log("error", "Could not %s an account: %s", stanza.attr.action, answer)
        answer = refusal("failed", "Prosody could not do it; its log says why.")
    end
    event.origin.send(st.stanza("natm-members"):text(json.encode(answer)))
    return true
end)
