-- The work unit in Lua for nginx: credential, two lists, postal code, two names.
local cjson = require "cjson.safe"
local sign_up = {}

local find, lower, upper, gsub, char = string.find, string.lower, string.upper, string.gsub,
  string.char
local domains, people, authorization

local kBlock = '{"version":"1.0.0","action":"ShowBlockPage",' ..
  '"userMessage":"Sign-up is not open to you."}'
local kRefusePostalCode = '{"version":"1.0.0","status":400,"action":"ValidationError",' ..
  '"userMessage":"Enter a five-digit postal code."}'

local function read_list(path)
  local entries = {}
  for line in io.lines(path) do entries[line] = true end
  return entries
end

-- Once, before the worker is forked, which then shares the memory.
function sign_up.load(directory)
  domains = read_list(directory .. "/blocked-domains.txt")
  people = read_list(directory .. "/blocked-people.txt")
  local file = assert(io.open(directory .. "/manifest.json"))
  authorization = cjson.decode(file:read("*a")).authorization
  file:close()
end

-- Lua's case functions know ASCII; the Latin-1 letters (0xC3 and one byte) are changed by hand.
local to_small, to_capital = {}, {}
for second = 0x80, 0x9e do
  if second ~= 0x97 then
    to_small["\195" .. char(second)] = "\195" .. char(second + 0x20)
    to_capital["\195" .. char(second + 0x20)] = "\195" .. char(second)
  end
end

-- Small letters everywhere, then a capital at the beginning of every word.
local function title_case(text)
  text = gsub(lower(text), "\195[\128-\158]", to_small)
  text = gsub(text, "^%l", upper)
  text = gsub(text, "[ %-']%l", upper)
  if find(text, "\195", 1, true) then
    text = gsub(text, "^\195[\160-\190]", to_capital)
    text = gsub(text, "([ %-'])(\195[\160-\190])",
      function(before, letter) return before .. (to_capital[letter] or letter) end)
  end
  return text
end

local function send(status, body)
  ngx.status = status
  ngx.header["Cache-Control"] = "no-store"
  ngx.header["Content-Length"] = #body
  ngx.print(body)
end

function sign_up.answer()
  if ngx.var.http_authorization ~= authorization then
    ngx.header["WWW-Authenticate"] = 'Basic realm="sign-up"'
    return send(401, "")
  end
  ngx.req.read_body()
  local claims = cjson.decode(ngx.req.get_body_data() or "")
  if type(claims) ~= "table" then return send(400, "") end

  local email = lower(claims.email or "")
  local at = find(email, "@[^@]*$")
  if (at and domains[email:sub(at + 1)]) or people[email] then return send(200, kBlock) end
  if not find(claims.postalCode or "", "^%d%d%d%d%d$") then
    return send(400, kRefusePostalCode)
  end
  send(200, cjson.encode({
    version = "1.0.0", action = "Continue",
    givenName = title_case(claims.givenName or ""), surname = title_case(claims.surname or ""),
  }))
end

return sign_up
