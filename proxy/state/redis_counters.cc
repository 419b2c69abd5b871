#include "proxy/state/redis_counters.h"

#include <new>
#include <string_view>
#include <utility>

#include "proxy/state/redis_failure.h"

namespace proxy::state {
namespace {

using core::velocity::Counted;
using core::velocity::Question;
using redis::Command;
using redis::Reply;

// KEYS: counter (a list of times, oldest first), request. ARGV: window, limit, for how long the request is
// kept in mind, then "1" or "0": look for a repeat, counts when over, only look.
// Over, repeated, within the window before, the time that was counted (0: none). All in milliseconds.
//
// A time that an older script of the same millisecond has put in is there twice, which is right: they are
// two. The clock may go back after a failover: times do not, as in core::velocity.
const redis::Script kCount(R"(
local window, limit, repeat_ms = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
if ARGV[4] == '1' then
  local told = redis.call('GET', KEYS[2])
  if told then return {told == '0' and 1 or 0, 1, 0, tonumber(told)} end
end
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local newest = redis.call('LINDEX', KEYS[1], -1)
if newest and tonumber(newest) > now then now = tonumber(newest) end
local oldest = redis.call('LINDEX', KEYS[1], 0)
while oldest and tonumber(oldest) <= now - window do
  redis.call('LPOP', KEYS[1])
  oldest = redis.call('LINDEX', KEYS[1], 0)
end
local before = redis.call('LLEN', KEYS[1])
local over = before >= limit
if ARGV[6] == '1' then return {over and 1 or 0, 0, math.min(before, limit), 0} end
local stamp = 0
if not over or ARGV[5] == '1' then
  stamp = now
  redis.call('RPUSH', KEYS[1], string.format('%.0f', now))
  if before >= limit then redis.call('LTRIM', KEYS[1], -limit, -1) end
  redis.call('PEXPIRE', KEYS[1], window)
end
if repeat_ms > 0 then
  redis.call('SET', KEYS[2], over and '0' or string.format('%.0f', stamp), 'PX', repeat_ms)
end
return {over and 1 or 0, 0, math.min(before, limit), stamp}
)");

// KEYS: counter, request. ARGV: the low 32 bits of the time that was counted; "1" when the request is kept in mind.
const redis::Script kTakeBack(R"(
if redis.call('DEL', KEYS[2]) == 0 and ARGV[2] == '1' then return 0 end
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local newest = redis.call('LINDEX', KEYS[1], -1)
if newest and tonumber(newest) > now then now = tonumber(newest) end
local stamp = now - (now - tonumber(ARGV[1])) % 4294967296
return redis.call('LREM', KEYS[1], -1, string.format('%.0f', stamp))
)");

// KEYS: counter. ARGV: window. How many are in it, and when the oldest leaves it.
const redis::Script kLook(R"(
local window = tonumber(ARGV[1])
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local newest = redis.call('LINDEX', KEYS[1], -1)
if newest and tonumber(newest) > now then now = tonumber(newest) end
local oldest = redis.call('LINDEX', KEYS[1], 0)
while oldest and tonumber(oldest) <= now - window do
  redis.call('LPOP', KEYS[1])
  oldest = redis.call('LINDEX', KEYS[1], 0)
end
if not oldest then return {0, 0} end
return {redis.call('LLEN', KEYS[1]), window - (now - tonumber(oldest))}
)");

}  // namespace

RedisCounters::RedisCounters(std::shared_ptr<redis::Link> link, const std::string& prefix,
                             std::uint64_t timeout_ms)
    : link_(std::move(link)), base_("{" + prefix + "}:v:"), timeout_ms_(timeout_ms) {}

std::vector<const redis::Script*> RedisCounters::scripts() {
  return {&kCount, &kTakeBack, &kLook};
}

std::string RedisCounters::counter_key(const core::velocity::Key& key) const {
  return base_ + core::decisions::to_text(key);
}
std::string RedisCounters::request_key(const core::velocity::Key& key) const {
  return base_ + "r:" + core::decisions::to_text(key);
}

void RedisCounters::count(const Question& question, Done done) {
  const std::string counter = counter_key(question.counter), request = request_key(question.request);
  const std::string window = std::to_string(question.window_ms), limit = std::to_string(question.at_most),
                    repeat = std::to_string(question.repeat_ms);
  const auto flag = [](bool on) -> std::string_view { return on ? "1" : "0"; };
  const std::string_view keys[] = {counter, request};
  const std::string_view arguments[] = {window,
                                        limit,
                                        repeat,
                                        flag(question.look_for_repeat),
                                        flag(question.counts_when_over),
                                        flag(question.only_look)};
  ask(Command::run(kCount, keys, arguments), [done = std::move(done)](Failure failure, Reply& reply) {
    if (failure == Failure::kNone && reply.items.size() != 4) failure = Failure::kUnavailable;
    Counted counted;
    if (failure == Failure::kNone) {
      counted.over = reply.items[0].integer != 0;
      counted.repeated = reply.items[1].integer != 0;
      counted.before = static_cast<std::uint32_t>(reply.items[2].integer);
      counted.stamp = static_cast<std::uint32_t>(reply.items[3].integer & 0xFFFFFFFF);
    }
    done(failure, counted);
  });
}

void RedisCounters::take_back(const core::velocity::Key& counter, const core::velocity::Key& request,
                              std::uint32_t stamp, std::function<void(Failure)> done) {
  const std::string counter_name = counter_key(counter), request_name = request_key(request),
                    low = std::to_string(stamp);
  const bool kept = request != core::velocity::Key{};
  const std::string_view keys[] = {counter_name, request_name}, arguments[] = {low, kept ? "1" : "0"};
  ask(Command::run(kTakeBack, keys, arguments),
      [done = std::move(done)](Failure failure, Reply&) { done(failure); });
}

void RedisCounters::look(const core::velocity::Key& counter, std::uint64_t window_ms, LookDone done) {
  const std::string counter_name = counter_key(counter), window = std::to_string(window_ms);
  const std::string_view keys[] = {counter_name}, arguments[] = {window};
  ask(Command::run(kLook, keys, arguments), [done = std::move(done)](Failure failure, Reply& reply) {
    core::velocity::Look look;
    if (failure == Failure::kNone && reply.items.size() == 2) {
      look.count = static_cast<std::uint32_t>(reply.items[0].integer);
      look.found = look.count != 0;
      look.oldest_leaves_ms = static_cast<std::uint64_t>(reply.items[1].integer);
    }
    done(failure, look);
  });
}

void RedisCounters::erase(const core::velocity::Key& counter, ErasedDone done) {
  ask(Command{"DEL", counter_key(counter)}, [done = std::move(done)](Failure failure, Reply& reply) {
    done(failure, failure == Failure::kNone && reply.integer != 0);
  });
}

void RedisCounters::ask(Command command, std::function<void(Failure, Reply&)> done) {
  const auto shared =
      std::make_shared<std::pair<Command, std::function<void(Failure, Reply&)>>>(std::move(command), std::move(done));
  const bool posted = link_->post([shared, timeout_ms = timeout_ms_](redis::Client& client) {
    try {
      client.ask(std::move(shared->first), uv_now(client.loop()) + timeout_ms,
                 [shared](redis::Failure how, Reply& reply) { shared->second(failure_of(how, reply), reply); });
    } catch (const std::bad_alloc&) {
      Reply none;
      shared->second(Failure::kBusy, none);
    }
  });
  Reply none;
  if (!posted) shared->second(Failure::kEnding, none);
}

}  // namespace proxy::state
