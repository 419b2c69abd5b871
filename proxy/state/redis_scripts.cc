#include "proxy/state/redis_scripts.h"

namespace proxy::state::redis_scripts {

// KEYS: n, x, then two of each write (record, index), then one of each append (stream).
// ARGV: number of writes, of appends, then five of each write ("T:k", key, expected version or "*",
// expiry: "0" never, "-1" erase; value), then two of each append (key, value).
// 1: done, 0: conflict.
const redis::Script kCommit(R"(
local writes, appends = tonumber(ARGV[1]), tonumber(ARGV[2])
local old = {}
for i = 1, writes do
  local head = redis.call('GETRANGE', KEYS[2 * i + 1], 0, 40)
  local expected = ARGV[5 * i]
  if expected ~= '*' and expected ~= (string.match(head, '^%d+') or '0') then return 0 end
  old[i] = head
end
local time = redis.call('TIME')
local now = tonumber(time[1])
local number = math.max(tonumber(redis.call('GET', KEYS[1]) or '0') + 1, now * 1000000 + tonumber(time[2]))
redis.call('SET', KEYS[1], string.format('%.0f', number + appends))
local version = string.format('%.0f', number)
for i = 1, writes do
  local record, index, at = KEYS[2 * i + 1], KEYS[2 * i + 2], 5 * i - 2
  local expires = tonumber(ARGV[at + 3])
  if expires ~= 0 and expires <= now then
    redis.call('DEL', record)
    redis.call('ZREM', index, ARGV[at + 1])
    redis.call('ZREM', KEYS[2], ARGV[at])
  else
    local value = version .. ' ' .. ARGV[at + 3] .. '\n' .. ARGV[at + 4]
    if old[i] == '' then redis.call('ZADD', index, 0, ARGV[at + 1]) end
    if expires ~= 0 then
      redis.call('SET', record, value, 'EXAT', expires)
      redis.call('ZADD', KEYS[2], expires, ARGV[at])
    else
      redis.call('SET', record, value)
      if string.match(old[i], '^%d+ 0') == nil then redis.call('ZREM', KEYS[2], ARGV[at]) end
    end
  end
end
local at = 3 + 5 * writes
for i = 1, appends do
  local id = string.format('%.0f', number + i) .. '-0'
  redis.call('XADD', KEYS[2 + 2 * writes + i], id, 'k', ARGV[at], 'v', ARGV[at + 1])
  at = at + 2
end
return 1
)");

// KEYS: index. ARGV: beginning of a record's key, "{PREFIX}:r:T:", the key behind which to begin, how many,
// bytes after which it is enough. key, record, key, record ...
const redis::Script kScan(R"(
local rows, from, bytes = {}, ARGV[2], 0
local most, bytes_max = tonumber(ARGV[3]), tonumber(ARGV[4])
while #rows < 2 * most and bytes < bytes_max do
  local keys = redis.call('ZRANGEBYLEX', KEYS[1], '(' .. from, '+', 'LIMIT', 0, 50)
  if #keys == 0 then break end
  for _, key in ipairs(keys) do
    from = key
    local record = redis.call('GET', ARGV[1] .. key)
    if record then
      rows[#rows + 1] = key
      rows[#rows + 1] = record
      bytes = bytes + #record
      if #rows >= 2 * most or bytes >= bytes_max then break end
    end
  end
end
return rows
)");

// KEYS: stream. ARGV: the number behind which to begin, how many, bytes after which it is enough.
// id, key, value, id, key, value ...
const redis::Script kReadStream(R"(
local told, from, bytes = {}, ARGV[1], 0
local most, bytes_max = tonumber(ARGV[2]), tonumber(ARGV[3])
while #told < 3 * most and bytes < bytes_max do
  local entries = redis.call('XRANGE', KEYS[1], '(' .. from .. '-0', '+', 'COUNT', math.min(50, most - #told / 3))
  if #entries == 0 then break end
  for _, entry in ipairs(entries) do
    from = string.match(entry[1], '^%d+')
    told[#told + 1] = from
    told[#told + 1] = entry[2][2]
    told[#told + 1] = entry[2][4]
    bytes = bytes + #entry[2][4]
    if bytes >= bytes_max then break end
  end
end
return told
)");

// KEYS: stream. ARGV: the first number that stays ("" or one), numbers that go.
const redis::Script kTrim(R"(
if ARGV[1] ~= '' then redis.call('XTRIM', KEYS[1], 'MINID', '=', ARGV[1] .. '-0') end
for i = 2, #ARGV do redis.call('XDEL', KEYS[1], ARGV[i] .. '-0') end
return 1
)");

// KEYS: stream. Entries, first id, last id.
const redis::Script kMeasure(R"(
local size = redis.call('XLEN', KEYS[1])
if size == 0 then return {0, '0', '0'} end
local first = redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', 1)
local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)
return {size, first[1][1], last[1][1]}
)");

// KEYS: x. ARGV: "{PREFIX}:", how many. How many were looked at, how many were gone.
const redis::Script kPurge(R"(
local now = redis.call('TIME')[1]
local due = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, tonumber(ARGV[2]))
local gone = 0
for _, name in ipairs(due) do
  redis.call('ZREM', KEYS[1], name)
  if redis.call('EXISTS', ARGV[1] .. 'r:' .. name) == 0 then
    local digits = string.match(name, '^%d+')
    local size = tonumber(digits)
    local rest = string.sub(name, #digits + 2)
    redis.call('ZREM', ARGV[1] .. 'i:' .. string.sub(rest, 1, size), string.sub(rest, size + 2))
    gone = gone + 1
  end
end
return {#due, gone}
)");

std::vector<const redis::Script*> all() {
  return {&kCommit, &kScan, &kReadStream, &kTrim, &kMeasure, &kPurge};
}

}  // namespace proxy::state::redis_scripts
