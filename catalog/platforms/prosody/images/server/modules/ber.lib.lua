-- SPDX-License-Identifier: AGPL-3.0-or-later
-- As much of LDAP's encoding (BER, X.690) as a sign-in and a search need. Every value goes in with
-- its length before it, so nothing in a value can be taken for anything else.

local LONGEST = 1024 * 1024

local function value(tag, content)
    if #content < 128 then
        return string.char(tag, #content) .. content
    end
    return string.char(tag, 132) .. string.pack(">I4", #content) .. content
end

local function number(tag, n)
    local bytes = string.pack(">i4", n)
    -- The shortest form: nothing before the sign's own byte.
    while bytes:find("^\0[\0-\127]") do
        bytes = bytes:sub(2)
    end
    return value(tag, bytes)
end

-- Where the content begins, and how long it is; nothing while the header is not all there.
local function header(text, at)
    local length = text:byte(at + 1)
    if not length or length < 128 then
        return length and at + 2, length
    end
    local size = length - 128
    assert(size >= 1 and size <= 4, "a length of no sense")
    if #text < at + 1 + size then
        return nil
    end
    return at + 2 + size, (string.unpack(">I" .. size, text, at + 2))
end

-- The tag, the content and where the next value begins; nothing while it is not all there.
local function read(text, at)
    local begins, length = header(text, at)
    if not begins then
        return nil
    end
    assert(length <= LONGEST, "an answer too long")
    if #text < begins + length - 1 then
        return nil
    end
    return text:byte(at), text:sub(begins, begins + length - 1), begins + length
end

-- The values in a value, each with its tag and content.
local function parts(content)
    local found, at = {}, 1
    while at <= #content do
        local tag, inner, after = read(content, at)
        assert(tag, "an answer cut short")
        found[#found + 1] = { tag = tag, content = inner }
        at = after
    end
    return found
end

local function integer(content)
    assert(#content >= 1 and #content <= 4, "a number of no sense")
    return (string.unpack(">i" .. #content, content))
end

return { value = value, number = number, read = read, parts = parts, integer = integer }
