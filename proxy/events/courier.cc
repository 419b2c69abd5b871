#include "proxy/events/courier.h"

#include <algorithm>
#include <chrono>
#include <future>

#include "core/config/policy.h"
#include "proxy/log.h"

namespace proxy::events {
namespace {

constexpr std::size_t kEntriesOfRead = 64;
constexpr std::size_t kEntriesOfSharedRead = 512;  // of one event each
constexpr std::size_t kBytesOfRead = 1 << 20;      // a page of so many may have been cut off
constexpr std::uint64_t kStoreRetryMs = 1000;
constexpr std::uint64_t kTrimIntervalMs = 100;
constexpr std::uint64_t kWaitMsMax = 1000;
constexpr std::uint64_t kStopMsMax = 5000;  // for what is under way

std::uint64_t monotonic_ms() {
  using namespace std::chrono;
  return static_cast<std::uint64_t>(
      duration_cast<milliseconds>(steady_clock::now().time_since_epoch()).count());
}

std::size_t bytes_of(const core::events::CloudEvent& event) {
  return event.data.size() + event.id.size() + event.source.size() + event.type.size() + 256;
}

}  // namespace

std::string waiting_stream(std::string_view sink) { return "outbox/" + std::string(sink); }
std::string dead_stream(std::string_view sink) { return "dead/" + std::string(sink); }

Courier::Courier(const core::config::Sink& settings, std::unique_ptr<Sink> sink, state::Store& store,
                 std::uint64_t seed, std::uint64_t lease_ms)
    : name_(settings.name.value),
      waiting_(waiting_stream(name_)),
      dead_(dead_stream(name_)),
      attempts_max_(static_cast<std::uint64_t>(settings.attempts)),
      backoff_ms_(static_cast<std::uint64_t>(settings.backoff.count())),
      backoff_max_ms_(static_cast<std::uint64_t>(settings.backoff_max.count())),
      sink_(std::move(sink)),
      store_(store),
      lease_(lease_ms == 0 ? nullptr
                           : std::make_unique<state::Lease>(store, name_, "m" + std::to_string(seed), lease_ms,
                                                            [sink = sink_.get()] { sink->wake(); })),
      random_(seed) {
  figures_.delivers = lease_ == nullptr;
}

Courier::~Courier() { stop(); }

std::string Courier::start() {
  if (shared()) {
    thread_ = std::thread([this] { run(); });
    return {};
  }
  std::promise<std::pair<state::Failure, state::StreamSize>> measured;
  store_.measure(waiting_, [&](state::Failure failure, state::StreamSize size) {
    measured.set_value({failure, size});
  });
  const auto [failure, size] = measured.get_future().get();
  if (failure != state::Failure::kNone) {
    return "sink " + name_ + ": the outbox cannot be read: " + std::string(state::name(failure));
  }
  counted_from_ = size.last;
  thread_ = std::thread([this] { run(); });
  return {};
}

void Courier::committed(std::uint64_t events) noexcept {
  figures_.waiting.fetch_add(events, std::memory_order_relaxed);
  look();
}

void Courier::look() noexcept {
  {
    const std::lock_guard lock(mutex_);
    look_ = true;
  }
  sink_->wake();
}

void Courier::purge(std::function<void(state::Failure)> done) {
  if (shared()) return purge_everywhere(std::move(done));
  expect_answer();
  store_.measure(waiting_, [this, done = std::move(done)](state::Failure failure, state::StreamSize size) {
    done(failure);
    answer([failure, size](Courier& self) {
      if (failure == state::Failure::kNone) self.throw_away(size.last);
    });
  });
}

void Courier::reopen() noexcept {
  {
    const std::lock_guard lock(mutex_);
    reopen_ = true;
  }
  sink_->wake();
}

void Courier::begin_to_stop() noexcept {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  sink_->wake();
}

void Courier::stop() {
  if (!thread_.joinable()) return;
  begin_to_stop();
  thread_.join();
}

/// Before a question to the store: the thread does not end until it is answered.
void Courier::expect_answer() {
  const std::lock_guard lock(mutex_);
  ++outstanding_;
}

/// Store's thread: `done` runs on the courier's.
void Courier::answer(Answer done) {
  {
    const std::lock_guard lock(mutex_);
    answers_.push_back(std::move(done));
    --outstanding_;
    // Woken under the lock: the thread ends only when nothing is outstanding, and takes the lock to see it.
    sink_->wake();
  }
}

void Courier::take_answers() {
  std::vector<Answer> answers;
  bool reopen = false;
  {
    const std::lock_guard lock(mutex_);
    answers.swap(answers_);
    reopen = std::exchange(reopen_, false);
    more_ = std::exchange(look_, false) || more_;
    ending_ = ending_ || stopping_;
  }
  if (reopen) sink_->reopen();
  for (const Answer& one : answers) one(*this);
}

void Courier::run() {
  const auto settle = [this](Sink::Ticket ticket, Outcome outcome) {
    settled(ticket, std::move(outcome));
  };
  std::uint64_t give_up_ms = 0;
  for (;;) {
    take_answers();
    const std::uint64_t now_ms = monotonic_ms();
    if (shared()) keep_lease(now_ms);
    trim(now_ms);
    if (ending_) {
      if (give_up_ms == 0) give_up_ms = now_ms + kStopMsMax;
      bool idle = (under_way_.empty() && strays_.empty() && done_.empty()) || now_ms >= give_up_ms;
      {
        const std::lock_guard lock(mutex_);
        idle = idle && outstanding_ == 0 && answers_.empty();
      }
      if (idle && let_go(now_ms)) return;
    } else {
      read_more();
      offer_all(now_ms);
    }
    note_oldest();
    sink_->work(wait_ms(now_ms), settle);
  }
}

std::uint64_t Courier::wait_ms(std::uint64_t now_ms) const {
  if (ending_) return 20;
  std::uint64_t at = now_ms + kWaitMsMax;
  if (!later_.empty()) at = std::min(at, later_.begin()->first);
  if (!ready_.empty() && paused_until_ms_ > now_ms) at = std::min(at, paused_until_ms_);
  if (!done_.empty() && !trimming_) at = std::min(at, std::max(trimmed_ms_ + kTrimIntervalMs, trim_again_ms_));
  if (more_ && may_read()) at = std::min(at, std::max(read_again_ms_, now_ms));
  if (shared()) at = std::min(at, lease_->due_ms());
  if (shared() && polling_ == 0) at = std::min(at, poll_again_ms_);
  return at > now_ms ? at - now_ms : 1;
}

/// Whether there is nothing but `more_` in the way of asking for more.
bool Courier::may_read() const noexcept {
  if (reading_ || !has_room()) return false;
  if (!shared()) return true;
  if (!holding_ || !purge_known_) return false;
  // From the beginning again: not what it has delivered itself, or is delivering still.
  return read_up_to_ != 0 || (strays_.empty() && done_.empty() && !trimming_);
}

/// Asks for what comes behind that which was read, while there is room for it.
void Courier::read_more() {
  if (!more_ || !may_read()) return;
  if (read_again_ms_ > monotonic_ms()) return;
  reading_ = true;
  more_ = false;
  expect_answer();
  store_.read_stream(waiting_, read_up_to_, shared() ? kEntriesOfSharedRead : kEntriesOfRead,
                     [this, term = term_](state::Failure failure, std::vector<state::Entry> entries) {
                       answer([term, failure, entries = std::move(entries)](Courier& self) {
                         if (term == self.term_) self.took(failure, entries);
                       });
                     });
}

void Courier::took(state::Failure failure, std::vector<state::Entry> entries) {
  reading_ = false;
  if (failure != state::Failure::kNone) {
    more_ = true;
    read_again_ms_ = monotonic_ms() + kStoreRetryMs;
    return;
  }
  std::size_t bytes = 0;
  for (const state::Entry& entry : entries) {
    read_up_to_ = std::max(read_up_to_, entry.number);
    bytes += entry.value.size();
    add(entry);
  }
  more_ = more_ || entries.size() >= (shared() ? kEntriesOfSharedRead : kEntriesOfRead) || bytes >= kBytesOfRead;
}

/// Takes up the events of an entry.
void Courier::add(const state::Entry& entry) {
  const std::uint64_t number = entry.number;
  std::string_view value = entry.value;
  const std::uint64_t now_ms = monotonic_ms();
  const bool ordered = sink_->ordered();
  std::size_t count = 0;
  Open open;
  while (auto event = core::events::read_stored(value)) {
    if (count++ == 0) open.time_ms = core::config::parse_moment(event->time).value_or(0);
    if (number <= purged_up_to_) continue;
    ++events_;
    bytes_ += bytes_of(*event);
    Lane* lane = nullptr;
    if (event->partition_key.empty() && !ordered) {
      keyless_.push_back(std::make_unique<Lane>());
      lane = keyless_.back().get();
      lane->place = keyless_.size() - 1;
    } else {
      const std::string key = ordered ? std::string() : event->partition_key;
      std::unique_ptr<Lane>& known = lanes_[key];
      if (known == nullptr) {
        known = std::make_unique<Lane>();
        known->key = key;
      }
      lane = known.get();
    }
    lane->items.push_back({std::move(*event), number, 0});
    queue(*lane, now_ms);
  }
  if (!value.empty()) log::error("sink {}: entry {} of the outbox cannot be read on", name_, number);
  const bool counted = shared() || (number > counted_from_ && entry.key != kUncounted);
  if (!counted) figures_.waiting.fetch_add(count, std::memory_order_relaxed);
  if (number <= purged_up_to_) {
    uncount(count);
    figures_.purged.fetch_add(count, std::memory_order_relaxed);
    count = 0;
  }
  open.events = count;
  if (count == 0) {
    done_.push_back(number);
  } else {
    open_[number] = open;
  }
}

/// Everything of entries up to a number that is not under way.
void Courier::throw_away(std::uint64_t up_to) {
  purged_up_to_ = std::max(purged_up_to_, up_to);
  more_ = true;
  ready_.clear();
  later_.clear();
  std::vector<Lane*> all;
  for (const auto& [key, lane] : lanes_) all.push_back(lane.get());
  for (const auto& lane : keyless_) all.push_back(lane.get());
  for (Lane* const lane : all) {
    lane->queued = false;
    const auto begin = lane->items.begin() + static_cast<std::ptrdiff_t>(lane->offered);
    auto end = begin;
    for (; end != lane->items.end() && end->entry <= up_to; ++end) {
      figures_.purged.fetch_add(1, std::memory_order_relaxed);
      bytes_ -= bytes_of(end->event);
      --events_;
      event_done(end->entry);
    }
    lane->items.erase(begin, end);
    if (lane->items.empty()) {
      drop(*lane);
    } else {
      queue(*lane, monotonic_ms());
    }
  }
}

/// Makes a lane one that is offered from when its time has come.
void Courier::queue(Lane& lane, std::uint64_t now_ms) {
  if (lane.queued || lane.offered == lane.items.size()) return;
  if (!sink_->ordered() && lane.offered != 0) return;
  lane.queued = true;
  if (lane.not_before_ms > now_ms) {
    later_.emplace(lane.not_before_ms, &lane);
  } else {
    ready_.push_back(&lane);
  }
}

void Courier::offer_all(std::uint64_t now_ms) {
  while (!later_.empty() && later_.begin()->first <= now_ms) {
    ready_.push_back(later_.begin()->second);
    later_.erase(later_.begin());
  }
  if (paused_until_ms_ > now_ms) return;
  const bool ordered = sink_->ordered();
  while (!ready_.empty() && sink_->room() > 0) {
    Lane& lane = *ready_.front();
    const Sink::Ticket ticket = next_ticket_++;
    under_way_[ticket] = &lane;
    const Item& item = lane.items[lane.offered++];
    sink_->offer(ticket, item.event);
    if (ordered && lane.offered < lane.items.size()) continue;
    lane.queued = false;
    ready_.pop_front();
  }
}

void Courier::settled(Sink::Ticket ticket, Outcome outcome) {
  if (strays_.erase(ticket) != 0) {
    if (outcome.result == Outcome::Result::kDelivered) figures_.delivered.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  const auto found = under_way_.find(ticket);
  if (found == under_way_.end()) return;
  Lane& lane = *found->second;
  under_way_.erase(found);
  const std::uint64_t now_ms = monotonic_ms();
  switch (outcome.result) {
    case Outcome::Result::kDelivered:
      figures_.delivered.fetch_add(1, std::memory_order_relaxed);
      if (!last_why_.empty()) log::info("sink {}: takes events again", name_);
      last_why_.clear();
      --lane.offered;
      return finish_first(lane);
    case Outcome::Result::kRefused: return bury(lane, outcome.why);
    case Outcome::Result::kFailed:
      ++lane.items.front().attempts;
      if (lane.items.front().attempts >= attempts_max_) return bury(lane, outcome.why);
      figures_.retried.fetch_add(1, std::memory_order_relaxed);
      return failed(lane, std::move(outcome), now_ms);
    case Outcome::Result::kAway:
      figures_.away.fetch_add(1, std::memory_order_relaxed);
      paused_until_ms_ = std::max(paused_until_ms_, now_ms + outcome.wait_ms);
      return failed(lane, std::move(outcome), now_ms);
  }
}

/// The lane's first event goes again later: behind half of its backoff to all of it.
void Courier::failed(Lane& lane, Outcome outcome, std::uint64_t now_ms) {
  if (outcome.why != last_why_) {
    log::warn("sink {}: {}", name_, outcome.why);
    last_why_ = outcome.why;
  }
  --lane.offered;
  if (outcome.result == Outcome::Result::kFailed) {
    const std::uint64_t doublings = std::min<std::uint64_t>(lane.items.front().attempts - 1, 32);
    const std::uint64_t whole = std::min(backoff_ms_ << doublings, backoff_max_ms_);
    const std::uint64_t jittered = whole / 2 + random_() % (whole / 2 + 1);
    lane.not_before_ms = now_ms + std::max(jittered, outcome.wait_ms);
  }
  queue(lane, now_ms);
}

/// The lane's first event becomes a dead letter; the lane waits until it is one.
void Courier::bury(Lane& lane, const std::string& why) {
  const Item& item = lane.items.front();
  log::warn("sink {}: event {} is a dead letter after {} attempts: {}", name_, item.event.id,
            item.attempts, why);
  state::Batch batch;
  std::string value;
  core::events::append_stored(value, item.event);
  batch.appends.push_back({dead_, item.event.id, std::move(value)});
  expect_answer();
  store_.commit(std::move(batch), [this, &lane, term = term_](state::Failure failure) {
    answer([&lane, term, failure](Courier& self) {
      const bool dead = failure == state::Failure::kNone;
      if (dead) self.figures_.dead.fetch_add(1, std::memory_order_relaxed);
      if (term != self.term_) return;  // the lane is no more
      --lane.offered;
      if (dead) return self.finish_first(lane);
      lane.not_before_ms = monotonic_ms() + kStoreRetryMs;  // tried once more, and buried then
      self.queue(lane, monotonic_ms());
    });
  });
}

/// The lane's first event is done with; so is the lane when it was the last.
void Courier::finish_first(Lane& lane) {
  bytes_ -= bytes_of(lane.items.front().event);
  --events_;
  event_done(lane.items.front().entry);
  lane.items.pop_front();
  lane.not_before_ms = 0;
  if (!lane.items.empty()) return queue(lane, monotonic_ms());
  drop(lane);
}

/// Gives back a lane without events.
void Courier::drop(Lane& lane) {
  if (lane.key.empty() && !sink_->ordered()) {
    const std::size_t place = lane.place;
    std::swap(keyless_[place], keyless_.back());
    keyless_[place]->place = place;
    keyless_.pop_back();
  } else {
    const std::string key = lane.key;
    lanes_.erase(key);
  }
}

/// Of a stream that others fill as well the figure is measured now and then; it never falls below nothing.
void Courier::uncount(std::uint64_t events) noexcept {
  std::uint64_t waiting = figures_.waiting.load(std::memory_order_relaxed);
  while (!figures_.waiting.compare_exchange_weak(waiting, waiting - std::min(waiting, events),
                                                 std::memory_order_relaxed)) {
  }
}

void Courier::event_done(std::uint64_t entry) {
  uncount(1);
  const auto found = open_.find(entry);
  if (--found->second.events != 0) return;
  open_.erase(found);
  done_.push_back(entry);
}

/// Forgets entries that are done, several together.
void Courier::trim(std::uint64_t now_ms) {
  const bool due = done_.size() >= kTrimmedMax || now_ms >= trimmed_ms_ + kTrimIntervalMs || ending_;
  if (trimming_ || done_.empty() || now_ms < trim_again_ms_ || !due) return;
  trimming_ = true;
  trimmed_ms_ = now_ms;
  std::vector<std::uint64_t> numbers;
  numbers.swap(done_);
  expect_answer();
  store_.trim(waiting_, 0, numbers, [this, numbers](state::Failure failure) {
    answer([failure, numbers](Courier& self) {
      self.trimming_ = false;
      if (failure == state::Failure::kNone) return;
      self.done_.insert(self.done_.end(), numbers.begin(), numbers.end());
      self.trim_again_ms_ = monotonic_ms() + kStoreRetryMs;
    });
  });
}

void Courier::note_oldest() {
  if (shared() && !holding_) return;  // measured() tells it
  figures_.oldest_ms.store(open_.empty() ? 0 : open_.begin()->second.time_ms,
                           std::memory_order_relaxed);
}

}  // namespace proxy::events
