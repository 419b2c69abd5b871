#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "core/config/config.h"
#include "core/events/pseudonyms.h"
#include "proxy/events/courier.h"
#include "proxy/events/emitter.h"
#include "proxy/events/held_answers.h"
#include "proxy/request_names.h"
#include "proxy/rounds.h"
#include "proxy/state/store.h"

namespace proxy::events {

/// Where events wait until their sinks have taken them: a stream of the store for each sink. A thread of
/// its own makes what the workers' rings hold into CloudEvents and commits it, everything that has
/// gathered together in one batch; couriers bring it away. docs/events.md says what is lost when.
class Outbox {
 public:
  /// Events by what became of them before a courier saw them.
  struct Figures {
    std::atomic<std::uint64_t> committed{0};   // for each sink
    std::atomic<std::uint64_t> full{0};        // dropped: a sink has as many as it may
    std::atomic<std::uint64_t> forgotten{0};   // dropped: of a configuration long replaced
    std::atomic<std::uint64_t> failures{0};    // commits that the store refused; they are repeated
  };

  /// The error says why, for a person. The store outlives the outbox.
  static core::Result<std::unique_ptr<Outbox>, std::string> open(const core::config::Config& config,
                                                                 std::size_t workers,
                                                                 state::Store& store);
  /// Writes what the rings hold, when no worker emits any more, and ends.
  ~Outbox();

  /// Of the answers that wait for their events.
  HeldAnswers::Figures& held() noexcept { return held_; }
  Emitter& emitter(std::size_t worker) noexcept { return *emitters_[worker]; }
  RequestNameBook& names() noexcept { return names_; }
  /// Opens files again (SIGHUP).
  void reopen() noexcept;

  const std::vector<std::unique_ptr<Courier>>& couriers() const noexcept { return couriers_; }
  Courier* find(std::string_view sink) const noexcept;
  state::Store& store() noexcept { return store_; }
  const Figures& figures() const noexcept { return figures_; }
  /// That may wait for one sink.
  std::uint64_t events_max() const noexcept { return events_max_; }
  std::uint64_t dropped_in_rings() const noexcept;
  std::uint64_t too_large() const noexcept;
  /// Committed, by the event's name.
  std::map<std::string, std::uint64_t> emitted() const;

 private:
  /// Events for one sink that go into the store together.
  struct Block {
    std::string sink;
    Courier* courier = nullptr;  // null: a sink of a configuration that needs a restart
    std::vector<std::string> values;  // of entries: one for all events; where machines share the store, one for each
    std::size_t bytes = 0;
    std::uint64_t events = 0;
  };
  Outbox(const core::config::Config& config, state::Store& store);
  void gather();
  /// False when it was dropped, for one of its sinks at least.
  bool add(const Emission& emission, std::string_view values);
  bool append(const core::events::Plan& plan);
  void settle(bool committed) noexcept;
  void set_away(bool away) noexcept;
  Block& block_for(const std::string& sink);
  void commit_gathered();
  bool commit_batch(std::size_t first, std::size_t end);

  state::Store& store_;
  const std::uint64_t lease_ms_;  // of each sink; 0: no other machine has the store
  const std::uint64_t events_max_;
  core::events::Pseudonyms pseudonyms_;
  RequestNameBook names_;
  std::vector<std::unique_ptr<Emitter>> emitters_;
  std::vector<std::unique_ptr<Courier>> couriers_;
  Figures figures_;
  HeldAnswers::Figures held_;

  mutable std::mutex emitted_mutex_;
  std::map<std::string, std::uint64_t> emitted_;

  /// An answer that waits for what is gathered, and whether all of that was taken up.
  struct Waiting {
    Emitter* emitter = nullptr;
    std::uint64_t held = 0;
    bool taken = false;
  };

  // The thread's own.
  std::vector<Waiting> waiting_;
  std::shared_ptr<const RequestNames> known_;  // of the last event
  std::vector<core::events::TakenValue> values_;
  core::events::CloudEvent event_;
  std::vector<Block> blocks_;
  std::map<std::string, std::uint64_t> gathered_;  // by the event's name
  std::uint64_t random_ = 0;
  std::uint64_t number_ = 0;
  Rounds rounds_;
};

}  // namespace proxy::events
