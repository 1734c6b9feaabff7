-- SPDX-License-Identifier: AGPL-3.0-or-later
-- Wrong passwords cost time: each address has a few, and gets one more every so often.

local cache = require "prosody.util.cache"
local throttle = require "prosody.util.throttle"

local place = module:require "place".of

local MOST, SECONDS = 10, 120
-- Those tried side by side are found wrong later, and are owed then.
local MOST_OWED = 40
local MOST_REMEMBERED = 5000
local wrong = cache.new(MOST_REMEMBERED)

module:hook("authentication-attempt", function(event)
    local left = wrong:get(place(event.origin))
    if left and not left:peek(1) then
        event.allowed = false
        event.error_condition = "temporary-auth-failure"
        event.error_text = "Too many wrong passwords from here. Please wait a minute."
    end
end)

module:hook("authentication-failure", function(event)
    local sasl = event.session.sasl_handler
    -- The same wrong password again and again is a telephone, not a guesser.
    if event.condition ~= "not-authorized" or sasl and sasl.natm_known then
        return
    end
    local where = place(event.session)
    local left = wrong:get(where) or throttle.create(MOST, SECONDS)
    wrong:set(where, left)
    left.balance = math.max(left:update() - 1, -MOST_OWED)
end, -100)
