#pragma once

#include <absl/container/flat_hash_map.h>

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "core/config/events.h"
#include "core/events/cloud_event.h"
#include "proxy/events/sink.h"
#include "proxy/state/lease.h"
#include "proxy/state/store.h"

namespace proxy::events {

/// Names of the streams of a sink: what waits for it, and what it never took.
std::string waiting_stream(std::string_view sink);
std::string dead_stream(std::string_view sink);
/// The key of entries that are not told by Courier::committed(), but by look(): they are counted when read.
inline constexpr std::string_view kUncounted = "+";

/// Brings what waits in the outbox to one sink, on a thread of its own: at least once, events of one key
/// in their order and never two at a time, each again after a time that doubles, until it is taken or has
/// been tried `attempts` times; then it is a dead letter. An entry of the outbox is forgotten when each of
/// its events is one or the other; what a process that was killed had not forgotten is brought again.
///
/// Where machines share the store each has a courier for the sink, and the one that holds its lease brings what all
/// of them have put in (courier_shared.cc).
class Courier {
 public:
  struct Figures {
    std::atomic<std::uint64_t> delivered{0}, retried{0}, dead{0}, away{0}, purged{0};
    std::atomic<std::uint64_t> waiting{0};   // events in the outbox, as far as they have been counted
    std::atomic<std::int64_t> oldest_ms{0};  // since 1970, of those that it has looked at; 0: none
    std::atomic<bool> delivers{true};        // it is this machine that does
  };

  /// `lease_ms`: how long another machine waits for a sign of this one; 0: the store is this process's alone.
  Courier(const core::config::Sink& settings, std::unique_ptr<Sink> sink, state::Store& store,
          std::uint64_t seed, std::uint64_t lease_ms = 0);
  ~Courier();

  const std::string& name() const noexcept { return name_; }
  bool shared() const noexcept { return lease_ != nullptr; }
  /// Empty, or why the store does not say what waits. Blocks until it has; not where it is shared, which may be away.
  std::string start();
  /// Any thread: `events` more are in the outbox.
  void committed(std::uint64_t events) noexcept;
  /// Any thread: there may be more in the outbox, which nobody has counted (kUncounted).
  void look() noexcept;
  /// Any thread: what waits now is thrown away, but for what is under way, by whichever machine delivers. `done` is
  /// told when that is certain, on a thread of the store's; it must not block.
  void purge(std::function<void(state::Failure)> done);
  void reopen() noexcept;
  /// Finishes nothing that is not under way, forgets what was delivered, leaves the rest to others, ends the thread.
  void stop();
  /// The same without waiting for it.
  void begin_to_stop() noexcept;
  const Figures& figures() const noexcept { return figures_; }

 private:
  static constexpr std::size_t kEventsMax = 4096;        // in memory, of those that wait
  static constexpr std::size_t kBytesMax = 16 << 20;
  static constexpr std::size_t kTrimmedMax = 256;

  struct Lane;
  struct Item {
    core::events::CloudEvent event;
    std::uint64_t entry = 0;
    std::uint64_t attempts = 0;
  };
  /// Events of one key, in their order; those of a sink that has one order, all of them.
  struct Lane {
    std::string key;
    std::deque<Item> items;
    std::size_t offered = 0;        // of the first ones
    std::uint64_t not_before_ms = 0;
    bool queued = false;            // in ready_ or later_
    std::size_t place = 0;          // in keyless_
  };
  struct Open {
    std::size_t events = 0;  // that are not settled yet
    std::int64_t time_ms = 0;
  };
  using Answer = std::function<void(Courier&)>;

  void run();
  void take_answers();
  void read_more();
  void took(state::Failure failure, std::vector<state::Entry> entries);
  void add(const state::Entry& entry);
  void queue(Lane& lane, std::uint64_t now_ms);
  void offer_all(std::uint64_t now_ms);
  void settled(Sink::Ticket ticket, Outcome outcome);
  void failed(Lane& lane, Outcome outcome, std::uint64_t now_ms);
  void bury(Lane& lane, const std::string& why);
  void finish_first(Lane& lane);
  void event_done(std::uint64_t entry);
  void trim(std::uint64_t now_ms);
  void note_oldest();
  bool has_room() const noexcept { return events_ < kEventsMax && bytes_ < kBytesMax; }
  void throw_away(std::uint64_t up_to);
  void drop(Lane& lane);
  std::uint64_t wait_ms(std::uint64_t now_ms) const;
  void expect_answer();
  void answer(Answer done);
  bool may_read() const noexcept;
  void uncount(std::uint64_t events) noexcept;

  // Where the store is shared.
  void keep_lease(std::uint64_t now_ms);
  void begin();
  void lose();
  bool let_go(std::uint64_t now_ms);
  void poll(std::uint64_t now_ms);
  void measured(state::StreamSize size);
  void purge_everywhere(std::function<void(state::Failure)> done);

  const std::string name_, waiting_, dead_;
  const std::uint64_t attempts_max_, backoff_ms_, backoff_max_ms_;
  const std::unique_ptr<Sink> sink_;
  state::Store& store_;
  const std::unique_ptr<state::Lease> lease_;  // null: the store is not shared
  std::mt19937_64 random_;
  Figures figures_;

  std::mutex mutex_;  // of what other threads leave here
  std::vector<Answer> answers_;
  bool stopping_ = false, reopen_ = false, look_ = false;
  std::size_t outstanding_ = 0;  // questions to the store

  // The thread's own.
  absl::flat_hash_map<std::string, std::unique_ptr<Lane>> lanes_;
  std::vector<std::unique_ptr<Lane>> keyless_;
  absl::flat_hash_map<Sink::Ticket, Lane*> under_way_;
  Sink::Ticket next_ticket_ = 1;
  std::deque<Lane*> ready_;
  std::multimap<std::uint64_t, Lane*> later_;  // by not_before_ms
  std::map<std::uint64_t, Open> open_;         // entries that are in memory
  std::vector<std::uint64_t> done_;            // entries to be forgotten
  std::size_t events_ = 0, bytes_ = 0;
  std::uint64_t read_up_to_ = 0;
  std::uint64_t counted_from_ = 0;  // entries up to it were there at the start, and are counted when read
  std::uint64_t purged_up_to_ = 0;
  bool reading_ = false, trimming_ = false, more_ = true;
  std::uint64_t read_again_ms_ = 0, trim_again_ms_ = 0, trimmed_ms_ = 0, paused_until_ms_ = 0;
  std::string last_why_;
  bool ending_ = false;
  // Where the store is shared.
  bool holding_ = false;       // the lease
  bool purge_known_ = false;   // since it has it: what was purged before
  std::uint64_t term_ = 0;     // of leases, of this machine: what is answered of another one is for nobody
  std::set<Sink::Ticket> strays_;  // under way since an earlier term
  std::size_t polling_ = 0;        // questions
  std::uint64_t poll_again_ms_ = 0, let_go_until_ms_ = 0;
  std::thread thread_;
};

}  // namespace proxy::events
