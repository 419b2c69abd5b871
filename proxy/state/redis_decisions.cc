// Why a stream that is polled and no PUBLISH: what is published while a machine is away it never hears of, and a
// subscription wants a connection of its own that answers out of turn. Four small reads a second of each machine are
// a thousandth of what a Redis does, and a machine that comes back reads what it has missed.
#include "proxy/state/redis_decisions.h"

#include <openssl/rand.h>
#include <uv.h>

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <new>
#include <utility>

#include "core/approvals/sealed.h"
#include "core/decisions/encoded.h"
#include "proxy/log.h"

namespace proxy::state {
namespace {

namespace approvals = core::approvals;
namespace decisions = core::decisions;
using forward::Landing;
using redis::Command;
using redis::Reply;

constexpr const char* kStream = "decisions.forgotten";
constexpr const char* kTable = "decisions";
constexpr const char* kGeneration = "generation";
constexpr std::string_view kAll = "*";
constexpr std::size_t kForgottenPage = 1000;
constexpr std::size_t kDecisionBytesMax = 256 << 10;  // a larger one is this machine's alone

/// What a value begins with, behind which its encoded decision stands: the form, the machine's order of bytes, what
/// it is, and for how long it is told when there is nothing better.
std::string head_of(bool unresolved, std::uint64_t stale_ms) {
  std::string head = std::to_string(decisions::kEncodedForm);
  head += std::endian::native == std::endian::little ? 'l' : 'b';
  head += unresolved ? 'u' : 'd';
  return head.append(std::to_string(stale_ms)).append("\n");
}

core::Secret key_for(const core::Secret& key, const std::string& name) {
  return approvals::derived_key(key, "claimgate decision " + name);
}

}  // namespace

/// A look-up under way: the values of one or two keys and how long they are good for.
struct RedisDecisions::Lookup {
  struct Part {
    decisions::Key key;
    std::string name, sealed;
    std::int64_t left_ms = -1;
  };
  std::array<Part, 2> parts;
  std::size_t size = 0;
  std::size_t unanswered = 0;
  bool late = false;
  std::function<void(std::shared_ptr<const Landing>)> done;
};

RedisDecisions::RedisDecisions(std::shared_ptr<redis::Link> link, Store& store, forward::Shared& shared,
                               RedisDecisionsOptions options)
    : link_(std::move(link)),
      store_(store),
      shared_(shared),
      options_(std::move(options)),
      base_("{" + options_.prefix + "}:d:") {
  for (std::string& key : options_.keys) {
    keys_.emplace_back(key);
    core::wipe(key);
  }
}

void RedisDecisions::start() {
  link_->every(kReadEveryMs, [this](redis::Client&) { read_on(); });
}

bool RedisDecisions::ready() const noexcept {
  return generation_.load(std::memory_order_acquire) != 0 && link_->connected();
}

std::string RedisDecisions::name_of(const decisions::Key& key) const {
  return base_ + std::to_string(generation_.load(std::memory_order_acquire)) + ":" + decisions::to_text(key);
}

// --- looking up

void RedisDecisions::find(const core::gate::Asked& asked,
                          std::function<void(std::shared_ptr<const Landing>)> done) {
  auto lookup = std::make_shared<Lookup>();
  lookup->done = std::move(done);
  for (const auto& [kept, key] :
       {std::pair{asked.by_claims, &asked.claims_key}, std::pair{asked.by_body, &asked.body_key}}) {
    if (!kept) continue;
    lookup->parts[lookup->size].key = *key;
    lookup->parts[lookup->size++].name = name_of(*key);
  }
  const bool posted = link_->post([this, lookup](redis::Client& client) {
    const std::uint64_t deadline_ms = uv_now(client.loop()) + options_.wait_ms;
    const auto answered = [this, lookup](redis::Failure failure) {
      lookup->late = lookup->late || failure != redis::Failure::kNone;
      if (--lookup->unanswered == 0) finish(*lookup);
    };
    lookup->unanswered = 1;  // this job itself, so that nothing ends before all is asked
    redis::Failure last = redis::Failure::kNone;
    try {
      for (std::size_t i = 0; i < lookup->size; ++i) {
        Lookup::Part& part = lookup->parts[i];
        Command value{"GET", part.name}, left{"PTTL", part.name};
        ++lookup->unanswered;
        client.ask(std::move(value), deadline_ms, [lookup, answered, &part](redis::Failure failure, Reply& reply) {
          if (failure == redis::Failure::kNone) part.sealed = std::move(reply.text);
          answered(failure);
        });
        ++lookup->unanswered;
        client.ask(std::move(left), deadline_ms, [lookup, answered, &part](redis::Failure failure, Reply& reply) {
          if (failure == redis::Failure::kNone) part.left_ms = reply.integer;
          answered(failure);
        });
      }
    } catch (const std::bad_alloc&) {
      --lookup->unanswered;  // ask() has asked nothing then
      last = redis::Failure::kBusy;
    }
    answered(last);
  });
  if (!posted) lookup->done(nullptr);
}

/// All answers are there. What is good goes into the cache first: on this thread, which hears in the same order what
/// others forget.
void RedisDecisions::finish(Lookup& lookup) {
  std::shared_ptr<Landing> landing;
  try {
    for (std::size_t i = 0; i < lookup.size && landing == nullptr; ++i) {
      const Lookup::Part& part = lookup.parts[i];
      if (part.sealed.empty() || part.left_ms <= 0) continue;
      Value value;
      if (!open(part.name, part.sealed, static_cast<std::uint64_t>(part.left_ms), value)) {
        count(figures_.unreadable);
        continue;
      }
      if (value.unresolved) {
        shared_.cache.put_unresolved(part.key, value.fresh_ms, forward::cache_now_ms());
        landing = std::make_shared<Landing>();
        landing->why = core::gate::Fallback::kRemembered;
      } else if (value.fresh_ms == 0) {  // told only when the backend has nothing better
        shared_.cache.put(part.key, value.decision, {1, value.stale_ms, 0}, forward::cache_now_ms());
      } else {
        shared_.cache.put(part.key, value.decision, {value.fresh_ms, value.stale_ms, 0}, forward::cache_now_ms());
        landing = std::make_shared<Landing>();
        landing->decision = std::move(value.decision);
      }
    }
  } catch (const std::bad_alloc&) {  // the backend is asked
    landing = nullptr;
  }
  if (landing != nullptr) landing->from_cache = true;
  count(landing != nullptr ? figures_.hits : lookup.late ? figures_.late : figures_.misses);
  lookup.done(std::move(landing));
}

bool RedisDecisions::open(const std::string& name, std::string_view sealed, std::uint64_t left_ms,
                          Value& value) const {
  std::vector<core::Secret> keys;
  for (const core::Secret& key : keys_) keys.push_back(key_for(key, name));
  std::optional<std::string> text = approvals::open_sealed(keys, name, sealed);
  if (!text) return false;
  const std::size_t end = text->find('\n');
  if (end == std::string::npos) return false;
  const std::string head = text->substr(0, end + 1);
  value.unresolved = head.find('u') != std::string::npos;
  const std::size_t number = head.find_first_of("ud");
  if (number == std::string::npos) return false;
  std::from_chars(head.data() + number + 1, head.data() + end, value.stale_ms);
  if (head != head_of(value.unresolved, value.stale_ms)) return false;  // of another release, or machine
  value.decision = text->substr(end + 1);
  core::wipe(*text);
  if (!value.unresolved && !decisions::is_whole(value.decision)) return false;
  value.fresh_ms = left_ms > value.stale_ms ? left_ms - value.stale_ms : 0;
  value.stale_ms = std::min(value.stale_ms, left_ms);
  return true;
}

// --- keeping

void RedisDecisions::keep(const decisions::Key& key, std::string_view decision,
                          const decisions::Lifetime& lifetime) noexcept {
  if (decision.size() > kDecisionBytesMax) return;
  try {
    put(key, {false, lifetime.fresh_ms, lifetime.stale_ms, std::string(decision)});
  } catch (const std::bad_alloc&) {
    count(figures_.not_kept);
  }
}

void RedisDecisions::keep_unresolved(const decisions::Key& key, std::uint64_t for_ms) noexcept {
  put(key, {true, for_ms, 0, {}});
}

void RedisDecisions::put(const decisions::Key& key, Value value) noexcept {
  if (!ready()) return count(figures_.not_kept);
  try {
    link_->post([this, name = name_of(key), value = std::move(value)](redis::Client& client) {
      std::string sealed;
      if (!seal(name, value, sealed)) return count(figures_.not_kept);
      const std::string life_ms = std::to_string(value.fresh_ms + value.stale_ms);
      client.ask(Command{"SET", name, sealed, "PX", life_ms}, uv_now(client.loop()) + options_.timeout_ms,
                 [this](redis::Failure failure, Reply&) {
                   count(failure == redis::Failure::kNone ? figures_.kept : figures_.not_kept);
                 });
    });
  } catch (const std::bad_alloc&) {
    count(figures_.not_kept);
  }
}

bool RedisDecisions::seal(const std::string& name, const Value& value, std::string& sealed) const {
  approvals::SealNonce nonce{};
  if (keys_.empty() || RAND_bytes(nonce.data(), static_cast<int>(nonce.size())) != 1) return false;
  std::string text = head_of(value.unresolved, value.stale_ms) + value.decision;
  auto made = approvals::seal(key_for(keys_[0], name), nonce, name, text);
  core::wipe(text);
  if (!made) return false;
  sealed = std::move(*made);
  return true;
}

// --- forgetting

void RedisDecisions::forget(const std::vector<decisions::Key>& keys, Done done) {
  if (!ready()) return done(Failure::kUnavailable);
  std::string value;
  std::vector<std::string> names{"DEL"};
  for (const decisions::Key& key : keys) {
    names.push_back(name_of(key));
    value += decisions::to_text(key);
  }
  // The values go first: whoever hears that they are forgotten does not find them again.
  const bool posted = link_->post([this, names = std::move(names), value = std::move(value),
                                   done](redis::Client& client) {
    const std::vector<std::string_view> words(names.begin(), names.end());
    client.ask(Command(std::span<const std::string_view>(words)), uv_now(client.loop()) + options_.timeout_ms,
               [this, value, done](redis::Failure failure, Reply&) {
                 if (failure != redis::Failure::kNone) return done(Failure::kUnavailable);
                 Batch batch;
                 batch.appends.push_back({kStream, "", value});
                 store_.commit(std::move(batch), done);
               });
  });
  if (!posted) done(Failure::kEnding);
}

void RedisDecisions::forget_all(Done done) {
  Batch batch;
  batch.writes.push_back({kTable, kGeneration, "", kAnyVersion, 0, false});
  batch.appends.push_back({kStream, "", std::string(kAll)});
  store_.commit(std::move(batch), std::move(done));
}

void RedisDecisions::read_on() {
  if (reading_) return;
  if (begun_ && forward::cache_now_ms() - read_ms_ > kUnreadMsMax) {
    begun_ = false;
    generation_.store(0, std::memory_order_release);
    shared_.cache.clear();
    count(figures_.missed);
    log::warn("decisions: nothing was heard of the other machines for {} s: all are forgotten", kUnreadMsMax / 1000);
  }
  if (!link_->connected()) return;
  reading_ = true;
  if (!begun_) return begin();
  store_.read_stream(kStream, read_up_to_, kForgottenPage,
                     [this](Failure failure, std::vector<Entry> entries) { take_up(failure, entries); });
}

/// What was forgotten before this is no matter: nothing is remembered yet.
void RedisDecisions::begin() {
  store_.measure(kStream, [this](Failure failure, StreamSize size) {
    reading_ = false;
    if (failure != Failure::kNone) return;
    begun_ = true;
    read_up_to_ = size.last;
    read_ms_ = forward::cache_now_ms();
    read_generation();
  });
}

void RedisDecisions::read_generation() {
  reading_ = true;
  store_.read(kTable, kGeneration, [this](Failure failure, Record record) {
    reading_ = false;
    if (failure != Failure::kNone) return;
    if (record.version != 0) return generation_.store(record.version, std::memory_order_release);
    Batch batch;  // the first machine of all
    batch.writes.push_back({kTable, kGeneration, "", 0, 0, false});
    store_.commit(std::move(batch), [](Failure) {});  // read with the next turn
  });
}

void RedisDecisions::take_up(Failure failure, const std::vector<Entry>& entries) {
  reading_ = false;
  if (failure != Failure::kNone) return;
  read_ms_ = forward::cache_now_ms();
  bool all = false;
  for (const Entry& entry : entries) {
    read_up_to_ = entry.number;
    all = all || entry.value == kAll;
    if (entry.value != kAll) forget_here(entry.value);
  }
  if (all) {
    generation_.store(0, std::memory_order_release);
    shared_.cache.clear();
    count(figures_.forgotten);
  }
  if (generation_.load(std::memory_order_relaxed) == 0) return read_generation();
  if (entries.empty()) return;
  // Numbers are microseconds of the server's clock, at least: those are old that nobody can want any more.
  constexpr std::uint64_t kKeptUs = 2 * kUnreadMsMax * 1000;
  if (read_up_to_ > kKeptUs) store_.trim(kStream, read_up_to_ - kKeptUs, {}, [](Failure) {});
}

/// Keys of 32 digits, one behind the other.
void RedisDecisions::forget_here(std::string_view keys) {
  constexpr std::size_t kDigits = 32;
  for (; keys.size() >= kDigits; keys.remove_prefix(kDigits)) {
    const auto key = decisions::key_of_text(keys.substr(0, kDigits));
    if (!key) return;
    shared_.cache.erase(*key);
    count(figures_.forgotten);
  }
}

}  // namespace proxy::state
