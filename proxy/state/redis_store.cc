#include "proxy/state/redis_store.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <new>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "proxy/log.h"
#include "proxy/state/redis_failure.h"
#include "proxy/state/redis_scripts.h"

namespace proxy::state {
namespace {

namespace scripts = redis_scripts;
using redis::Command;
using redis::Reply;

constexpr std::uint64_t kPurgeEveryMs = 10'000;

std::uint64_t clock_us() noexcept { return uv_hrtime() / 1000; }

/// 0 when `text` begins with no number.
std::uint64_t number_of(std::string_view text) noexcept {
  std::uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

/// "5:guest:key": a table and a key that no other two have.
std::string name_of(std::string_view table, std::string_view key) {
  std::string name = std::to_string(table.size());
  name.append(":").append(table).append(":").append(key);
  return name;
}

/// What kCommit keeps: "VERSION EXPIRES\nvalue".
Record record_of(std::string_view kept) {
  const std::size_t end = kept.find('\n');
  if (end == std::string_view::npos) return {};
  return {std::string(kept.substr(end + 1)), number_of(kept)};
}

class RedisStore final : public Store {
 public:
  RedisStore(std::shared_ptr<redis::Link> link, RedisStoreOptions options)
      : link_(std::move(link)),
        options_(std::move(options)),
        base_("{" + options_.prefix + "}:"),
        alive_(std::make_shared<Alive>()) {
    alive_->store = this;
    link_->every(kPurgeEveryMs, [alive = alive_](redis::Client& client) {
      const std::lock_guard lock(alive->mutex);
      if (alive->store != nullptr) alive->store->purge(client);
    });
  }
  ~RedisStore() override { close(); }

  void commit(Batch batch, Done done) override {
    if (!fits(batch)) {
      counters_.count_failure(Failure::kTooLarge);
      return done(Failure::kTooLarge);
    }
    ask<bool>(
        Kind::kBatch, command_of(batch),
        [](Reply& reply, bool&) { return reply.integer == 0 ? Failure::kConflict : Failure::kNone; },
        [done = std::move(done)](Failure failure, bool) { done(failure); });
  }

  void read(std::string table, std::string key, ReadDone done) override {
    ask<Record>(
        Kind::kRead, Command{"GET", base_ + "r:" + name_of(table, key)},
        [](Reply& reply, Record& record) {
          record = record_of(reply.text);
          return Failure::kNone;
        },
        std::move(done));
  }

  void scan(std::string table, std::string after_key, std::size_t limit, ScanDone done) override {
    ask<std::vector<Row>>(
        Kind::kRead,
        run(scripts::kScan, {base_ + "i:" + table},
            {base_ + "r:" + name_of(table, {}), after_key, page(limit), std::to_string(kRedisPageBytes)}),
        [](Reply& reply, std::vector<Row>& rows) {
          for (std::size_t i = 0; i + 1 < reply.items.size(); i += 2) {
            rows.push_back({std::move(reply.items[i].text), record_of(reply.items[i + 1].text)});
          }
          return Failure::kNone;
        },
        std::move(done));
  }

  void read_stream(std::string stream, std::uint64_t after, std::size_t limit, StreamDone done) override {
    ask<std::vector<Entry>>(
        Kind::kRead,
        run(scripts::kReadStream, {base_ + "s:" + stream},
            {std::to_string(after), page(limit), std::to_string(kRedisPageBytes)}),
        [](Reply& reply, std::vector<Entry>& entries) {
          for (std::size_t i = 0; i + 2 < reply.items.size(); i += 3) {
            entries.push_back({number_of(reply.items[i].text), std::move(reply.items[i + 1].text),
                               std::move(reply.items[i + 2].text)});
          }
          return Failure::kNone;
        },
        std::move(done));
  }

  void trim(std::string stream, std::uint64_t up_to, std::vector<std::uint64_t> numbers, Done done) override {
    std::vector<std::string> arguments{up_to == 0 ? "" : std::to_string(up_to + 1)};
    for (const std::uint64_t number : numbers) arguments.push_back(std::to_string(number));
    ask<bool>(
        Kind::kRead, run(scripts::kTrim, {base_ + "s:" + stream}, arguments),
        [](Reply&, bool&) { return Failure::kNone; },
        [done = std::move(done)](Failure failure, bool) { done(failure); });
  }

  void measure(std::string stream, MeasureDone done) override {
    ask<StreamSize>(
        Kind::kRead, run(scripts::kMeasure, {base_ + "s:" + stream}, {}),
        [](Reply& reply, StreamSize& size) {
          if (reply.items.size() != 3) return Failure::kUnavailable;
          size = {static_cast<std::uint64_t>(reply.items[0].integer), number_of(reply.items[1].text),
                  number_of(reply.items[2].text)};
          return Failure::kNone;
        },
        std::move(done));
  }

  void close() noexcept override {
    {
      const std::lock_guard lock(alive_->mutex);
      alive_->store = nullptr;
    }
    std::unique_lock lock(mutex_);
    ending_ = true;
    // Each question has a deadline that the link sees to, so this ends.
    idle_.wait(lock, [this] { return waiting_ == 0; });
  }

 private:
  enum class Kind : std::uint8_t { kBatch, kRead };
  /// What the link's timer finds the store by, or that it is gone.
  struct Alive {
    std::mutex mutex;
    RedisStore* store = nullptr;
  };

  static std::string page(std::size_t limit) { return std::to_string(std::min(limit, kPageMax)); }

  static Command run(const redis::Script& script, const std::vector<std::string>& keys,
                     const std::vector<std::string>& arguments) {
    const std::vector<std::string_view> keys_seen(keys.begin(), keys.end());
    const std::vector<std::string_view> arguments_seen(arguments.begin(), arguments.end());
    return Command::run(script, keys_seen, arguments_seen);
  }

  Command command_of(const Batch& batch) const {
    std::vector<std::string> keys{base_ + "n", base_ + "x"}, texts;
    std::vector<std::string_view> arguments;
    texts.reserve(2 + 3 * batch.writes.size());  // never grows: `arguments` looks into it, and at values
    const auto add = [&](std::string made) { arguments.push_back(texts.emplace_back(std::move(made))); };
    add(std::to_string(batch.writes.size()));
    add(std::to_string(batch.appends.size()));
    for (const Write& write : batch.writes) {
      const std::string name = name_of(write.table, write.key);
      keys.push_back(base_ + "r:" + name);
      keys.push_back(base_ + "i:" + write.table);
      add(name);
      arguments.push_back(write.key);
      add(write.expected == kAnyVersion ? "*" : std::to_string(write.expected));
      add(write.erase ? "-1" : std::to_string(write.expires_s));
      arguments.push_back(write.erase ? std::string_view() : std::string_view(write.value));
    }
    for (const Append& append : batch.appends) {
      keys.push_back(base_ + "s:" + append.stream);
      arguments.push_back(append.key);
      arguments.push_back(append.value);
    }
    const std::vector<std::string_view> keys_seen(keys.begin(), keys.end());
    return Command::run(scripts::kCommit, keys_seen, arguments);
  }

  /// Asks on the link's thread. `take` makes the answer of a reply that is no error; `done` is called once.
  template <typename Answer, typename Take, typename Done>
  void ask(Kind kind, Command command, Take take, Done done) {
    if (const Failure refused = admit(); refused != Failure::kNone) {
      counters_.count_failure(refused);
      return done(refused, Answer{});
    }
    const auto land = [this, kind, take = std::move(take), done = std::move(done),
                       asked_us = clock_us()](redis::Failure how, Reply& reply) {
      Answer answer{};
      Failure failure = failure_of(how, reply);
      if (failure == Failure::kNone) failure = take(reply, answer);
      count(kind, failure, asked_us);
      done(failure, std::move(answer));
      leave();
    };
    const auto shared = std::make_shared<std::pair<Command, std::function<void(redis::Failure, Reply&)>>>(
        std::move(command), std::move(land));
    const bool posted = link_->post([shared, timeout_ms = options_.timeout_ms](redis::Client& client) {
      try {
        client.ask(std::move(shared->first), uv_now(client.loop()) + timeout_ms,
                   [shared](redis::Failure how, Reply& reply) { shared->second(how, reply); });
      } catch (const std::bad_alloc&) {
        Reply none;
        shared->second(redis::Failure::kBusy, none);
      }
    });
    Reply none;
    if (!posted) shared->second(redis::Failure::kEnding, none);
  }

  Failure admit() {
    const std::lock_guard lock(mutex_);
    if (ending_) return Failure::kEnding;
    if (waiting_ >= options_.queue_max) return Failure::kBusy;
    ++waiting_;
    counters_.waiting.fetch_add(1, std::memory_order_relaxed);
    return Failure::kNone;
  }

  void count(Kind kind, Failure failure, std::uint64_t asked_us) noexcept {
    counters_.waiting.fetch_sub(1, std::memory_order_relaxed);
    if (failure != Failure::kNone) {
      counters_.count_failure(failure);
    } else if (kind == Kind::kRead) {
      counters_.reads.fetch_add(1, std::memory_order_relaxed);
    } else {
      counters_.count_latency(clock_us() - asked_us);
      counters_.count_transaction(1);
    }
    if (kind == Kind::kBatch && failure != Failure::kConflict) note_health(failure);
  }

  /// One was told: close() may go on.
  void leave() noexcept {
    const std::lock_guard lock(mutex_);
    if (--waiting_ == 0) idle_.notify_all();
  }

  void purge(redis::Client& client) {
    Command command = run(scripts::kPurge, {base_ + "x"}, {base_, std::to_string(scripts::kPurgedMax)});
    client.ask(std::move(command), uv_now(client.loop()) + options_.timeout_ms,
               [alive = alive_, &client](redis::Failure failure, Reply& reply) {
                 if (failure != redis::Failure::kNone || reply.items.size() != 2) return;
                 const std::lock_guard lock(alive->mutex);
                 if (alive->store == nullptr) return;
                 alive->store->counters_.expired.fetch_add(static_cast<std::uint64_t>(reply.items[1].integer),
                                                           std::memory_order_relaxed);
                 if (reply.items[0].integer == scripts::kPurgedMax) alive->store->purge(client);
               });
  }

  /// One line when it stops working, and one when it works again.
  void note_health(Failure failure) {
    const Failure before = counters_.health.exchange(failure, std::memory_order_relaxed);
    if (failure == before || failure == Failure::kEnding) return;
    if (failure == Failure::kNone) {
      log::info("state: Redis takes changes again");
    } else {
      log::error("state: Redis takes no changes ({})", name(failure));
    }
  }

  const std::shared_ptr<redis::Link> link_;
  const RedisStoreOptions options_;
  const std::string base_;
  const std::shared_ptr<Alive> alive_;
  std::mutex mutex_;
  std::condition_variable idle_;
  std::size_t waiting_ = 0;  // asked and not told
  bool ending_ = false;
};

}  // namespace

std::unique_ptr<Store> make_redis_store(std::shared_ptr<redis::Link> link, RedisStoreOptions options) {
  return std::make_unique<RedisStore>(std::move(link), std::move(options));
}

}  // namespace proxy::state
