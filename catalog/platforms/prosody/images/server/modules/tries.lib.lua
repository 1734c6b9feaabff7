-- SPDX-License-Identifier: AGPL-3.0-or-later
-- Passwords tried lately: few of one name, few at once from one place, and none twice that is known
-- to be wrong. The directory shuts an account at ten wrong ones in ten minutes, whoever tried them:
-- neither a stranger nor a forgotten telephone may get it so far by the chat.

local cache = require "prosody.util.cache"
local hashes = require "prosody.util.hashes"
local random = require "prosody.util.random"

local MOST_WRONG, WITHIN = 4, 600 -- of one name, in seconds
local REMEMBERED = 300 -- seconds
local MOST_AT_ONCE = 10 -- from one place, of the forty there are
local HOME = 7 * 86400 -- seconds: where a member came in lately, strangers' tries do not count

local key = random.bytes(32)
local wrong, tried, homes, at_once = cache.new(5000), cache.new(5000), cache.new(5000), {}

local function print_of(name, text)
    return hashes.hmac_sha256(key, name .. "\0" .. text)
end

local function known_wrong(name, password)
    local at = wrong:get(print_of(name, password))
    return at ~= nil and os.time() - at < REMEMBERED
end

-- What is counted together: one name, from everywhere or from where its owner is.
local function count_of(name, place)
    local home = print_of(name, place)
    return os.time() - (homes:get(home) or 0) < HOME and home or name
end

local function lately(count)
    local kept = {}
    for _, at in ipairs(tried:get(count) or {}) do
        if os.time() - at < WITHIN then
            kept[#kept + 1] = at
        end
    end
    return kept
end

-- Whether it may be asked about now; it counts until it turns out to be right.
local function begin(name, place)
    local count = count_of(name, place)
    local own = lately(count)
    if #own >= MOST_WRONG or (at_once[place] or 0) >= MOST_AT_ONCE then
        return nil
    end
    own[#own + 1] = os.time()
    tried:set(count, own)
    at_once[place] = (at_once[place] or 0) + 1
    return count
end

-- What came of it: true, false, or nothing where nobody looked at the password.
local function finish(count, name, place, password, right)
    at_once[place] = at_once[place] > 1 and at_once[place] - 1 or nil
    if right == false then
        wrong:set(print_of(name, password), os.time())
        return
    end
    local own = lately(count)
    own[#own] = nil
    tried:set(count, own)
    if right then
        local home = print_of(name, place)
        homes:set(home, os.time())
        tried:set(home, nil) -- whoever mistyped is forgiven, as the directory does
    end
end

return { known_wrong = known_wrong, begin = begin, finish = finish }
