#include "proxy/state/sqlite_store.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "proxy/log.h"

namespace proxy::state {
namespace {

constexpr std::size_t kGroupMax = 4096;  // asked things in one transaction
constexpr std::size_t kExpiredMax = 500;  // records removed in one transaction
constexpr std::chrono::seconds kSweepEvery{10};

std::uint64_t now_us() noexcept {
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(
                                        std::chrono::steady_clock::now().time_since_epoch())
                                        .count());
}

std::int64_t system_now_s() noexcept {
  return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

/// Something that was asked. run() and finish() are called on the store's thread, finish() once whatever
/// happens (on the caller's when it is refused).
class Job {
 public:
  virtual ~Job() = default;
  virtual bool writes() const noexcept = 0;
  virtual Failure run(SqliteDatabase& database, std::int64_t now_s) = 0;
  virtual void finish(Failure failure) noexcept = 0;
  std::uint64_t asked_us = now_us();
  bool is_batch = false;
  Failure result = Failure::kNone;
};

template <typename Run, typename Finish>
class JobOf final : public Job {
 public:
  JobOf(bool writes, Run run, Finish finish)
      : writes_(writes), run_(std::move(run)), finish_(std::move(finish)) {}
  bool writes() const noexcept override { return writes_; }
  Failure run(SqliteDatabase& database, std::int64_t now_s) override { return run_(database, now_s); }
  void finish(Failure failure) noexcept override { finish_(failure); }

 private:
  bool writes_;
  Run run_;
  Finish finish_;
};

template <typename Run, typename Finish>
std::unique_ptr<Job> job(bool writes, Run run, Finish finish) {
  return std::make_unique<JobOf<Run, Finish>>(writes, std::move(run), std::move(finish));
}

/// The same with an answer that run() fills and finish() hands over.
template <typename Answer, typename Run, typename Done>
std::unique_ptr<Job> question(Run run, Done done) {
  auto answer = std::make_shared<Answer>();
  return job(
      false,
      [answer, run = std::move(run)](SqliteDatabase& database, std::int64_t now_s) {
        return run(database, now_s, *answer);
      },
      [answer, done = std::move(done)](Failure failure) {
        if (failure != Failure::kNone) *answer = {};
        done(failure, std::move(*answer));
      });
}

class SqliteStore final : public Store {
 public:
  SqliteStore(SqliteOptions options, std::unique_ptr<SqliteDatabase> database)
      : options_(std::move(options)), database_(std::move(database)) {
    if (!options_.now_s) options_.now_s = system_now_s;
    thread_ = std::thread([this] { work(); });
  }
  ~SqliteStore() override { close(); }

  void commit(Batch batch, Done done) override {
    const bool small = fits(batch);
    auto one = job(
        true,
        [batch = std::move(batch)](SqliteDatabase& database, std::int64_t now_s) {
          return database.apply(batch, now_s);
        },
        std::move(done));
    one->is_batch = true;
    if (small) return ask(std::move(one));
    counters_.count_failure(Failure::kTooLarge);
    one->finish(Failure::kTooLarge);
  }

  void read(std::string table, std::string key, ReadDone done) override {
    ask(question<Record>(
        [table = std::move(table), key = std::move(key)](SqliteDatabase& database, std::int64_t now_s,
                                                         Record& record) {
          return database.read(table, key, now_s, record);
        },
        std::move(done)));
  }

  void scan(std::string table, std::string after_key, std::size_t limit, ScanDone done) override {
    ask(question<std::vector<Row>>(
        [table = std::move(table), after = std::move(after_key), limit](
            SqliteDatabase& database, std::int64_t now_s, std::vector<Row>& rows) {
          return database.scan(table, after, limit, now_s, rows);
        },
        std::move(done)));
  }

  void read_stream(std::string stream, std::uint64_t after, std::size_t limit, StreamDone done) override {
    ask(question<std::vector<Entry>>(
        [stream = std::move(stream), after, limit](SqliteDatabase& database, std::int64_t,
                                                   std::vector<Entry>& entries) {
          return database.read_stream(stream, after, limit, entries);
        },
        std::move(done)));
  }

  void trim(std::string stream, std::uint64_t up_to, std::vector<std::uint64_t> numbers, Done done) override {
    ask(job(
        true,
        [stream = std::move(stream), up_to, numbers = std::move(numbers)](SqliteDatabase& database,
                                                                          std::int64_t) {
          return database.trim(stream, up_to, numbers);
        },
        std::move(done)));
  }

  void measure(std::string stream, MeasureDone done) override {
    ask(question<StreamSize>(
        [stream = std::move(stream)](SqliteDatabase& database, std::int64_t, StreamSize& size) {
          return database.measure(stream, size);
        },
        std::move(done)));
  }

  void close() noexcept override {
    {
      const std::lock_guard lock(mutex_);
      ending_ = true;
    }
    wake_.notify_one();
    if (thread_.joinable()) thread_.join();
  }

 private:
  void ask(std::unique_ptr<Job> one) {
    Failure refused = Failure::kNone;
    {
      const std::lock_guard lock(mutex_);
      if (ending_) {
        refused = Failure::kEnding;
      } else if (counters_.waiting.load(std::memory_order_relaxed) >= options_.queue_max) {
        refused = Failure::kBusy;
      } else {
        counters_.waiting.fetch_add(1, std::memory_order_relaxed);
        queue_.push_back(std::move(one));
      }
    }
    if (refused == Failure::kNone) return wake_.notify_one();
    counters_.count_failure(refused);
    one->finish(refused);
  }

  /// The store's thread, until it is to end and nothing waits.
  void work() {
    auto sweep_at = std::chrono::steady_clock::now() + kSweepEvery;
    std::vector<std::unique_ptr<Job>> group;
    while (true) {
      {
        std::unique_lock lock(mutex_);
        wake_.wait_until(lock, sweep_at, [this] { return ending_ || !queue_.empty(); });
        if (ending_ && queue_.empty()) break;
        while (!queue_.empty() && group.size() < kGroupMax) {
          group.push_back(std::move(queue_.front()));
          queue_.pop_front();
        }
      }
      if (!group.empty()) carry_out(group);
      group.clear();
      if (std::chrono::steady_clock::now() < sweep_at) continue;
      // Whatever is left beyond one transaction's share is for the next turn, behind those who wait.
      if (!sweep()) sweep_at = std::chrono::steady_clock::now() + kSweepEvery;
    }
    database_.reset();
  }

  void carry_out(std::vector<std::unique_ptr<Job>>& group) {
    const std::int64_t now_s = options_.now_s();
    const bool writes =
        std::any_of(group.begin(), group.end(), [](const auto& one) { return one->writes(); });
    Failure common = writes ? database_->begin() : Failure::kNone;
    std::size_t batches = 0;
    for (auto one = group.begin(); one != group.end() && common == Failure::kNone; ++one) {
      (*one)->result = run(**one, now_s);
      if ((*one)->result == Failure::kNone) batches += (*one)->is_batch ? 1 : 0;
      if (writes && (*one)->result != Failure::kConflict) common = (*one)->result;
    }
    if (writes && common == Failure::kNone) {
      common = database_->commit();
    } else if (writes) {
      database_->roll_back();
    }
    if (writes) note_health(common);
    if (writes && common == Failure::kNone && batches > 0) counters_.count_transaction(batches);
    for (const auto& one : group) finish(*one, common == Failure::kNone ? one->result : common);
  }

  Failure run(Job& one, std::int64_t now_s) noexcept {
    try {
      return one.run(*database_, now_s);
    } catch (const std::bad_alloc&) {
      return Failure::kBusy;
    }
  }

  void finish(Job& one, Failure result) {
    if (result != Failure::kNone) {
      counters_.count_failure(result);
    } else if (one.is_batch) {
      counters_.count_latency(now_us() - one.asked_us);
    } else {
      counters_.reads.fetch_add(1, std::memory_order_relaxed);
    }
    counters_.waiting.fetch_sub(1, std::memory_order_relaxed);
    one.finish(result);
  }

  /// Removes records whose time is over. True when there may be more.
  bool sweep() {
    std::size_t removed = 0;
    Failure failure = database_->begin();
    if (failure == Failure::kNone) failure = database_->remove_expired(options_.now_s(), kExpiredMax, removed);
    if (failure == Failure::kNone && removed > 0) {
      failure = database_->commit();
    } else {
      database_->roll_back();
    }
    if (failure != Failure::kNone) return false;
    counters_.expired.fetch_add(removed, std::memory_order_relaxed);
    return removed == kExpiredMax;
  }

  /// One line when it stops working, and one when it works again.
  void note_health(Failure failure) {
    const Failure before = counters_.health.exchange(failure, std::memory_order_relaxed);
    if (failure == before) return;
    if (failure == Failure::kNone) {
      log::info("state: {} can be written again", options_.path);
    } else {
      log::error("state: {} cannot be written ({}): {}", options_.path, name(failure), database_->why());
    }
  }

  SqliteOptions options_;
  std::unique_ptr<SqliteDatabase> database_;  // the thread's
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::unique_ptr<Job>> queue_;
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace

core::Result<std::unique_ptr<Store>, std::string> open_sqlite(SqliteOptions options) {
  auto database = SqliteDatabase::open(options.path, options.synchronous);
  if (!database) return std::move(database).error();
  return std::unique_ptr<Store>(
      std::make_unique<SqliteStore>(std::move(options), std::move(database).value()));
}

}  // namespace proxy::state
