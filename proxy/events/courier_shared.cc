// Couriers of machines that share a store.
//
// The problem: all machines append to one stream of a sink, and events of one key may not be brought two at a time nor
// out of their order. Considered: a stream for each machine, brought by that machine (then nobody brings what a dead
// one has left, and one key's events lie in several streams); keys divided among the machines (then each that comes or
// goes moves keys, and a file or a topic gets one order from several writers). Taken: one machine has the lease of
// the sink (state/lease.h) and brings everything; the others watch.
//
// What has the lease reads the stream from its beginning and has in memory what it always has. When it loses the lease
// it forgets all of that. What it had offered to the sink by then ends as it ends, and comes again from whoever is
// next: at least once, as ever. What it has delivered it forgets in the store whether it still holds the lease or not.
//
// Entries hold one event each there, so that the length of the stream, which each machine measures four times a
// second, is the number of events that wait.
#include <algorithm>
#include <charconv>
#include <string>
#include <utility>

#include "proxy/events/courier.h"
#include "proxy/log.h"

namespace proxy::events {
namespace {

constexpr std::uint64_t kPollMs = 250;
constexpr std::uint64_t kLetGoMsMax = 2000;
/// A record for each sink: up to which number what waited was thrown away, by whichever machine was asked.
constexpr const char* kPurgedTable = "purged";

}  // namespace

void Courier::keep_lease(std::uint64_t now_ms) {
  lease_->step(now_ms);
  const bool held = lease_->held(now_ms);
  if (held && !holding_) begin();
  if (!held && holding_) lose();
  if (!ending_) poll(now_ms);
}

void Courier::begin() {
  holding_ = true;
  purge_known_ = false;
  more_ = true;
  poll_again_ms_ = 0;
  figures_.delivers.store(true, std::memory_order_relaxed);
  log::info("sink {}: events are delivered by this machine", name_);
}

void Courier::lose() {
  holding_ = false;
  ++term_;
  for (const auto& [ticket, lane] : under_way_) strays_.insert(ticket);
  under_way_.clear();
  ready_.clear();
  later_.clear();
  lanes_.clear();
  keyless_.clear();
  open_.clear();
  events_ = bytes_ = 0;
  read_up_to_ = 0;
  read_again_ms_ = 0;
  reading_ = false;
  figures_.delivers.store(false, std::memory_order_relaxed);
  log::info("sink {}: events are not delivered by this machine any more", name_);
}

/// At the end: gives the lease back. True when that is done, or takes too long.
bool Courier::let_go(std::uint64_t now_ms) {
  if (!shared()) return true;
  if (let_go_until_ms_ == 0) let_go_until_ms_ = now_ms + kLetGoMsMax;
  lease_->release();
  return lease_->released() || now_ms >= let_go_until_ms_;
}

/// Looks at what other machines have done: how much there is, and for whoever delivers that there may be more, and
/// what was purged.
void Courier::poll(std::uint64_t now_ms) {
  if (polling_ != 0 || now_ms < poll_again_ms_) return;
  poll_again_ms_ = now_ms + kPollMs;
  ++polling_;
  expect_answer();
  store_.measure(waiting_, [this](state::Failure failure, state::StreamSize size) {
    answer([failure, size](Courier& self) {
      --self.polling_;
      if (failure == state::Failure::kNone) self.measured(size);
    });
  });
  if (!holding_) return;
  more_ = true;
  ++polling_;
  expect_answer();
  store_.read(kPurgedTable, name_, [this, term = term_](state::Failure failure, state::Record record) {
    std::uint64_t number = 0;
    std::from_chars(record.value.data(), record.value.data() + record.value.size(), number);
    answer([term, failure, number](Courier& self) {
      --self.polling_;
      if (failure != state::Failure::kNone || term != self.term_) return;
      self.purge_known_ = true;
      if (number > self.purged_up_to_) self.throw_away(number);
    });
  });
}

void Courier::measured(state::StreamSize size) {
  const std::uint64_t done = std::min<std::uint64_t>(done_.size(), size.entries);
  figures_.waiting.store(size.entries - done, std::memory_order_relaxed);
  // Numbers are microseconds of the server's clock, at least.
  constexpr std::uint64_t kUsPerMs = 1000;
  if (!holding_) figures_.oldest_ms.store(static_cast<std::int64_t>(size.first / kUsPerMs), std::memory_order_relaxed);
  // Another server has taken over whose clock is behind: what came since has numbers that were read already. Where
  // nothing is in memory the beginning can be read again without bringing anything twice; what is being read just
  // now is behind it.
  const bool nothing = open_.empty() && done_.empty() && !trimming_;
  if (holding_ && nothing && size.entries != 0 && size.last <= read_up_to_) {
    read_up_to_ = 0;
    more_ = true;
  }
}

/// Writes down up to where; whoever delivers finds it with its next poll, or when it begins.
void Courier::purge_everywhere(std::function<void(state::Failure)> done) {
  expect_answer();
  const auto finish = [this, done = std::move(done)](state::Failure failure) {
    done(failure);
    answer([](Courier& self) { self.poll_again_ms_ = 0; });
  };
  store_.measure(waiting_, [this, finish](state::Failure failure, state::StreamSize size) {
    if (failure != state::Failure::kNone || size.entries == 0) return finish(failure);
    state::Batch batch;
    batch.writes.push_back({kPurgedTable, name_, std::to_string(size.last), state::kAnyVersion, 0, false});
    store_.commit(std::move(batch), finish);
  });
}

}  // namespace proxy::events
