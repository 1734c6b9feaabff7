-- SPDX-License-Identifier: AGPL-3.0-or-later
-- Members sign in with the one account: the directory tells whether the password is theirs.
-- What they have here (contacts, archive, rooms) goes by their name, as with accounts of Prosody's
-- own; whoever has signed in once has an entry among those, without a password.

local async = require "prosody.util.async"
local cache = require "prosody.util.cache"
local new_sasl = require "prosody.util.sasl".new

local directory = module:require "directory"
local sessions = module:require "sessions"
local standing = module:require "standing"

local EVERY = 20 -- seconds between two looks at who may still be here
local BATCH = 200 -- names in one question
local REMEMBERED = 60 -- seconds

local accounts = module:open_store("accounts")
local seen = cache.new(2000) -- who is in the directory, of those who were never here
local provider = {}

-- Waits for a promise where the caller can; nothing and the reason if it failed.
local function await(question)
    local answer, why = async.wait_for(question)
    if answer == nil then
        module:log("warn", "The directory could not be asked: %s", why)
    end
    return answer
end

local function welcome(name, person)
    if not accounts:get(name) then
        -- For a Prosody with accounts of its own, later: not to be signed in to without a reset.
        assert(accounts:set(name, { created = os.time(), updated = os.time(), disabled = true }))
    end
    standing.apply(name, person)
end

local function plain_test(sasl, name, password)
    local answer = await(directory.sign_in(name, password))
    sasl.natm_away = answer == nil
    local person = answer and answer.person
    if person then
        welcome(name, person)
    end
    return person ~= nil, true
end

function provider.get_sasl_handler()
    return new_sasl(module.host, { plain_test = plain_test })
end

-- Not "wrong password", which apps believe for good: "try again later".
module:hook("authentication-failure", function(event)
    local sasl = event.session.sasl_handler
    if sasl and sasl.natm_away then
        event.condition = "temporary-auth-failure"
        event.text = "The accounts cannot be reached right now. Please try again in a minute."
    end
end, 100)

local function in_directory(name)
    local known = seen:get(name)
    if known and os.time() - known.at < REMEMBERED then
        return known.there
    elseif not directory.usable(name) or not async.ready() then
        return false
    end
    local found = await(directory.still_members({ name }))
    if found then
        seen:set(name, { at = os.time(), there = found[name] ~= nil })
    end
    return found ~= nil and found[name] ~= nil
end

-- Whose contacts and archive there are, or could be: a member may be written to before they come.
function provider.user_exists(name)
    return accounts:get(name) ~= nil or in_directory(name)
end

function provider.get_account_info(name)
    local account = accounts:get(name)
    if not account then
        return nil, "Account not available"
    end
    return { created = account.created, enabled = true }
end

function provider.is_enabled()
    return true
end

function provider.users()
    return accounts:users()
end

function provider.delete_user(name)
    seen:set(name, nil)
    return accounts:set(name, nil)
end

function provider.set_password()
    return nil, "The password is that of the account, and is changed there."
end

module:provides("auth", provider)

local function look_after(names)
    local found = await(directory.still_members(names))
    for _, name in ipairs(found and names or {}) do
        if found[name] then
            standing.refresh(name, found[name])
        else
            sessions.close(name, "This account is closed.")
        end
    end
end

-- Who is connected when the directory does not answer goes on: `await` has said so in the log.
local watch = async.runner(function(names)
    for first = 1, #names, BATCH do
        look_after(table.move(names, first, math.min(first + BATCH - 1, #names), 1, {}))
    end
end, { error = function(_, why)
    module:log("error", "Could not look after who is connected: %s", why)
end })

module:add_timer(EVERY, function()
    if watch.state == "ready" then
        watch:run(sessions.names())
    end
    return EVERY
end)
