-- SPDX-License-Identifier: AGPL-3.0-or-later
-- Members sign in with the one account: the directory tells whether the password is theirs.
-- What they have here (contacts, archive, rooms) goes by their name, as with accounts of Prosody's
-- own; whoever has signed in once has an entry among those, without a password.

local async = require "prosody.util.async"
local cache = require "prosody.util.cache"
local new_sasl = require "prosody.util.sasl".new

local directory = module:require "directory"
local place = module:require "place"
local sessions = module:require "sessions"
local standing = module:require "standing"
local tries = module:require "tries"

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

local AWAY = "The accounts cannot be reached right now. Please try again in a minute."
local TOO_MANY = "Too many wrong passwords for this name. Please try again in ten minutes."

local function plain_test(from, sasl, name, password)
    sasl.natm_known = tries.known_wrong(name, password)
    if sasl.natm_known then
        return false, true
    end
    local count = tries.begin(name, from)
    if not count then
        sasl.natm_later = TOO_MANY
        return false, true
    end
    local answer = await(directory.sign_in(name, password))
    local person = answer and answer.person
    -- While an account is locked, nobody knows whether the password is right.
    local right
    if answer and not answer.locked then
        right = person ~= nil
    end
    tries.finish(count, name, from, password, right)
    sasl.natm_later = not answer and AWAY or nil
    if person then
        welcome(name, person)
    end
    return person ~= nil, true
end

function provider.get_sasl_handler(session)
    local from = place.of(session or {})
    return new_sasl(module.host, { plain_test = function(...) return plain_test(from, ...) end })
end

-- Not "wrong password", which apps believe for good: "try again later".
module:hook("authentication-failure", function(event)
    local sasl = event.session.sasl_handler
    if sasl and sasl.natm_later then
        event.condition, event.text = "temporary-auth-failure", sasl.natm_later
    end
end, 100)

module:hook("authentication-success", function(event)
    event.session.natm_since = os.time()
end)

-- A session that lay still goes on for who has just shown the password.
module:hook("smacks-hibernation-end", function(event)
    event.resumed.natm_since = event.origin.natm_since or event.resumed.natm_since
end)

-- Whether somebody is a member; nothing where that cannot be told just now.
local function in_directory(name)
    local known = seen:get(name)
    if known and os.time() - known.at < REMEMBERED then
        return known.there
    elseif not directory.usable(name) then
        return false
    elseif not async.ready() then
        return nil
    end
    local found = await(directory.still_members({ name }))
    if found then
        seen:set(name, { at = os.time(), there = found[name] ~= nil })
        return found[name] ~= nil
    end
end

-- Whose contacts and archive there are, or could be: a member may be written to before they come.
function provider.user_exists(name)
    return accounts:get(name) ~= nil or in_directory(name) == true
end

function provider.get_account_info(name)
    local account = accounts:get(name)
    if not account then
        return nil, "Account not available"
    end
    return { created = account.created, enabled = provider.is_enabled(name) }
end

-- Who was removed is not; with the directory away, everybody is as they were.
function provider.is_enabled(name)
    return in_directory(name) ~= false
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
            sessions.close_older(name, found[name].changed,
                "The password is another one now. Please sign in with it.")
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
