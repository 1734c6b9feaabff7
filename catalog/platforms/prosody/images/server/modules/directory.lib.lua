-- SPDX-License-Identifier: AGPL-3.0-or-later
-- What is asked of the directory. Prosody does one thing at a time, and LDAP libraries wait; this
-- one never does, so that a directory which hangs keeps nobody waiting but who signs in just then.

local connect = require "prosody.net.connect".connect
local promise = require "prosody.util.promise"
local resolver = require "prosody.net.resolvers.basic"
local timer = require "prosody.util.timer"
local ber = module:require "ber"

local PATIENCE = 5 -- seconds, for a whole conversation
local MOST_AT_ONCE = 40
local TEXT, NUMBER, CHOICE, TRUTH, LIST, SET = 0x04, 0x02, 0x0a, 0x01, 0x30, 0x31
local BIND, BOUND, SEARCH, ENTRY, DONE = 0x60, 0x61, 0x63, 0x64, 0x65
local OR, AND, EQUAL, AT_MOST = 0xa1, 0xa0, 0xa3, 0xa6
local ITSELF, ONE_LEVEL = 0, 1
local CONTROLS, FAULT, POLICY = 0xa0, 0x81, "1.3.6.1.4.1.42.2.27.8.5.1"
-- What slapd says of a wrong password, of a name nobody has, of an account that is locked.
local REFUSALS = { [32] = true, [48] = true, [49] = true, [50] = true, [53] = true }

local host = module:get_option_string("natm_directory_host")
local port = module:get_option_integer("natm_directory_port", 389)
local base = module:get_option_string("natm_directory_base", "")
local people, groups = "ou=people," .. base, ",ou=groups," .. base
local service = module:get_option_string("natm_directory_name")
local password_file = module:get_option_string("natm_directory_password_file")
local at_once = 0

-- With the question whether it was a lock that refused, not the password (the policy's draft 10).
local function bind(dn, password)
    return ber.value(BIND, ber.number(NUMBER, 3) .. ber.value(TEXT, dn) .. ber.value(0x80, password))
        .. ber.value(CONTROLS, ber.value(LIST, ber.value(TEXT, POLICY)))
end

local function locked(controls)
    for _, control in ipairs(controls and ber.parts(controls.content) or {}) do
        local parts = ber.parts(control.content)
        if parts[1].content == POLICY then
            for _, told in ipairs(ber.parts(ber.parts(parts[#parts].content)[1].content)) do
                if told.tag == FAULT and told.content == "\1" then
                    return true
                end
            end
        end
    end
    return false
end

local function compare(tag, attribute, value)
    return ber.value(tag, ber.value(TEXT, attribute) .. ber.value(TEXT, value))
end

local function search(place, scope, filter, attributes)
    local wanted = {}
    for n, attribute in ipairs(attributes) do
        wanted[n] = ber.value(TEXT, attribute)
    end
    return ber.value(SEARCH, ber.value(TEXT, place) .. ber.number(CHOICE, scope)
        .. ber.number(CHOICE, 0) .. ber.number(NUMBER, 0) .. ber.number(NUMBER, PATIENCE)
        .. ber.value(TRUTH, "\0") .. filter .. ber.value(LIST, table.concat(wanted)))
end

-- An entry as a table: attributes in small letters, each a list of values.
local function entry_of(content)
    local entry = {}
    for _, attribute in ipairs(ber.parts(ber.parts(content)[2].content)) do
        local name, values = table.unpack(ber.parts(attribute.content))
        assert(values.tag == SET, "an entry of no sense")
        local told = {}
        for n, one in ipairs(ber.parts(values.content)) do
            told[n] = one.content
        end
        entry[name.content:lower()] = told
    end
    return entry
end

local talks = {} -- by connection
local listeners = {}

local function finish(talk, outcome, why)
    if talk.over then
        return
    end
    talk.over = true
    at_once = at_once - 1
    timer.stop(talk.timer)
    if talk.conn then
        talks[talk.conn] = nil
        talk.conn:close()
    end
    if why then
        talk.reject(why)
    else
        talk.resolve(outcome)
    end
end

local function send_next(talk)
    local request = table.remove(talk.requests, 1)
    if not request then
        return finish(talk, { answers = talk.answers })
    end
    talk.number = talk.number + 1
    talk.found = {}
    talk.conn:write(ber.value(LIST, ber.number(NUMBER, talk.number) .. request))
end

local function take(talk, message)
    local id, answer, controls = table.unpack(ber.parts(message))
    assert(ber.integer(id.content) == talk.number, "an answer to nothing")
    if answer.tag == ENTRY then
        talk.found[#talk.found + 1] = entry_of(answer.content)
    elseif answer.tag == BOUND or answer.tag == DONE then
        local code = ber.integer(ber.parts(answer.content)[1].content)
        if answer.tag == BOUND and REFUSALS[code] then
            finish(talk, { refused = true, locked = locked(controls) })
        elseif code ~= 0 then
            finish(talk, nil, "the directory answered with " .. code)
        else
            talk.answers[#talk.answers + 1] = answer.tag == DONE and talk.found or nil
            send_next(talk)
        end
    end
end

local function read_all(talk)
    while not talk.over do
        local tag, message, after = ber.read(talk.buffer, 1)
        if not tag then
            return
        end
        talk.buffer = talk.buffer:sub(after)
        take(talk, message)
    end
end

function listeners.onattach(conn, talk)
    talks[conn] = talk
    talk.conn = conn
end

function listeners.onconnect(conn)
    local talk = talks[conn]
    if talk.over then
        talks[conn] = nil
        return conn:close()
    end
    send_next(talk)
end

function listeners.onincoming(conn, data)
    local talk = talks[conn]
    if not talk or talk.over then
        return
    end
    talk.buffer = talk.buffer .. data
    local fine, why = pcall(read_all, talk)
    if not fine then
        finish(talk, nil, tostring(why))
    end
end

function listeners.ondisconnect(conn, why)
    local talk = talks[conn]
    talks[conn] = nil
    if talk then
        finish(talk, nil, why or "it hung up")
    end
end

function listeners.onfail(talk, why)
    finish(talk, nil, why)
end

-- Sign in, then ask one thing after the other; a promise of `answers`, or of `refused`.
local function converse(dn, password, ...)
    local requests = { bind(dn, password), ... }
    return promise.new(function(resolve, reject)
        at_once = at_once + 1
        local talk = { requests = requests, answers = {}, buffer = "", number = 0,
                       resolve = resolve, reject = reject }
        talk.timer = timer.add_task(PATIENCE, function()
            finish(talk, nil, "no answer in time")
        end)
        connect(resolver.new(host, port, "tcp"), listeners, {}, talk)
    end)
end

local function person_of(entry)
    local person = { name = entry.uid and entry.uid[1], shown = (entry.displayname or {})[1],
                     changed = (entry.pwdchangedtime or {})[1] }
    for _, group in ipairs(entry.memberof or {}) do
        person.member = person.member or group:lower() == "cn=members" .. groups
        person.steward = person.steward or group:lower() == "cn=stewards" .. groups
    end
    return person
end

-- Small letters, digits and hyphens: nothing that means anything in a place's name.
local function usable(name)
    return type(name) == "string" and #name >= 2 and #name <= 31
        and name:find("^[a-z][a-z0-9-]*$") ~= nil
end

local ABOUT = { "uid", "displayName", "memberOf", "pwdChangedTime" }

-- A promise of a table: `person`, if the password is theirs and they are a member; `locked`, if
-- nobody looked at the password.
local function sign_in(name, password)
    if not usable(name) or password == "" or #password > 1000 then
        return promise.resolve({})
    elseif at_once >= MOST_AT_ONCE then
        return promise.reject("too many sign-ins at once")
    end
    local dn = "uid=" .. name .. "," .. people
    local own = search(dn, ITSELF, compare(EQUAL, "uid", name), ABOUT)
    return converse(dn, password, own):next(function(outcome)
        local entry = not outcome.refused and outcome.answers[1][1]
        local person = entry and person_of(entry)
        return { person = person and person.member and person or nil, locked = outcome.locked }
    end)
end

local function own_password()
    local file = assert(io.open(password_file))
    local password = file:read("a"):gsub("%s+$", "")
    file:close()
    return password
end

-- A promise of those of these names who are members and not locked, by name.
local function still_members(names)
    local any = {}
    for n, name in ipairs(names) do
        any[n] = compare(EQUAL, "uid", name)
    end
    local these = ber.value(OR, table.concat(any))
    local ended = compare(AT_MOST, "pwdEndTime", os.date("!%Y%m%d%H%M%SZ"))
    return converse(service, own_password(), search(people, ONE_LEVEL, these, ABOUT),
        search(people, ONE_LEVEL, ber.value(AND, these .. ended), { "uid" })):next(function(outcome)
        assert(not outcome.refused, "the directory does not know the chat's own password")
        local found = {}
        for _, entry in ipairs(outcome.answers[1]) do
            local person = person_of(entry)
            found[person.name] = person.member and person or nil
        end
        for _, entry in ipairs(outcome.answers[2]) do
            found[entry.uid[1]] = nil
        end
        return found
    end)
end

return { usable = usable, sign_in = sign_in, still_members = still_members }
