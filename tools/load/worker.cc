#include "tools/load/worker.h"

#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <system_error>

// The loop, and the way in and out of it.
//
// A turn sends what is due, gives up on what took too long, then waits for the next event. Sleeping
// is by timerfd: epoll_wait()'s own time-out counts in milliseconds, a hundred times too coarse.
// Waking up costs 5 to 60 us on an idle core, which a request would wear as its own latency; with
// --spin the last stretch before a send time is spent polling instead. That costs a core, and the
// report says how much.
namespace load {
namespace {

constexpr std::uint64_t kTimerToken = UINT64_MAX;
constexpr int kEventsMax = 256;
// No sleep is longer: the thread notices a stop within this time.
constexpr std::uint64_t kSleepMax_ns = 50 * kNsPerMs;

// An epoll_wait() that has nothing to report takes under a microsecond. One that took longer than
// this was not ours: another thread had the core.
constexpr std::uint64_t kPreempted_ns = 20'000;

/// Requests of one thread when `total` are dealt out.
std::uint64_t share(std::uint64_t total, unsigned thread, unsigned threads) {
  return total / threads + (thread < total % threads ? 1 : 0);
}

std::uint64_t thread_cpu_ns() noexcept {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<std::uint64_t>(time.tv_sec) * kNsPerSecond +
         static_cast<std::uint64_t>(time.tv_nsec);
}

}  // namespace

std::uint64_t monotonic_ns() noexcept {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<std::uint64_t>(time.tv_sec) * kNsPerSecond +
         static_cast<std::uint64_t>(time.tv_nsec);
}

std::uint64_t Worker::read_clock() noexcept {
  const std::uint64_t now = monotonic_ns();
  return now_ns_ = now > start_ns_ ? now - start_ns_ : 0;
}

Worker::Worker(const WorkerPlan& plan, unsigned thread, Collector& collector,
               const std::atomic<bool>& stop)
    : plan_(plan),
      thread_(thread),
      collector_(collector),
      stop_(stop),
      traffic_(*plan.traffic, thread, plan.threads),
      requests_left_(plan.max_requests == 0 ? UINT64_MAX
                                            : share(plan.max_requests, thread, plan.threads)),
      backlog_max_(share(plan.backlog_max, thread, plan.threads)),
      buffer_(std::make_unique<char[]>(kBufferBytes)) {
  epoll_ = epoll_create1(EPOLL_CLOEXEC);
  if (epoll_ < 0) throw std::system_error(errno, std::generic_category(), "epoll_create1");
  timer_ = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
  if (timer_ < 0) {
    close(epoll_);
    throw std::system_error(errno, std::generic_category(), "timerfd_create");
  }
  epoll_event event{};
  event.events = EPOLLIN | EPOLLET;
  event.data.u64 = kTimerToken;
  epoll_ctl(epoll_, EPOLL_CTL_ADD, timer_, &event);

  const auto count = static_cast<std::uint32_t>(
      std::max<std::uint64_t>(1, share(plan.connections, thread, plan.threads)));
  for (std::uint32_t i = 0; i < count; ++i) {
    connections_.push_back(std::make_unique<Connection>(i));
    closed_.push_back(i);
  }
  if (plan.schedule != nullptr) {
    arrivals_.emplace(*plan.schedule, plan.spacing, thread, plan.threads, plan.seed);
    next_arrival_ns_ = requests_left_ > 0 ? arrivals_->next_ns() : std::nullopt;
    if (plan.schedule->phases().size() > 1) {
      measured_.phases.resize(plan.schedule->phases().size());
    }
  }
}

Worker::~Worker() {
  connections_.clear();
  close(timer_);
  close(epoll_);
}

unsigned Worker::prepare() {
  if (!plan_.keep_alive) {
    // Every request will open its own connection; one is tried now, so that a server that is not
    // there is noticed before the clock starts.
    Connection* tried = open_closed();
    start_ns_ = monotonic_ns();
    while (tried != nullptr && tried->state() != Connection::State::kReady &&
           tried->state() != Connection::State::kClosed && read_clock() < plan_.timeout_ns) {
      poll(10);
    }
    const bool ready = tried != nullptr && tried->state() == Connection::State::kReady;
    if (tried != nullptr && tried->state() != Connection::State::kClosed) release(*tried);
    return ready ? 1 : 0;
  }
  // In portions: a listen queue is often no longer than 128.
  constexpr std::size_t kOpeningMax = 64;
  std::size_t opened = 0;
  unsigned ready = 0;
  start_ns_ = monotonic_ns();
  while (!stop_.load(std::memory_order_relaxed) && read_clock() < plan_.timeout_ns) {
    ready = 0;
    std::size_t opening = 0;
    for (const auto& connection : connections_) {
      const auto state = connection->state();
      if (state == Connection::State::kReady) ++ready;
      if (state == Connection::State::kConnecting || state == Connection::State::kHandshaking) {
        ++opening;
      }
    }
    while (opening < kOpeningMax && opened < connections_.size() && open_closed() != nullptr) {
      ++opening;
      ++opened;
    }
    if (opening == 0) break;
    poll(10);
  }
  return ready;
}

void Worker::run(std::uint64_t start_ns) {
  prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
  start_ns_ = start_ns;
  last_due_ns_ = plan_.schedule != nullptr ? plan_.schedule->duration_ns() : plan_.duration_ns;
  last_due_ns_ = std::min(last_due_ns_, plan_.duration_ns);
  const std::uint64_t cpu_before_ns = thread_cpu_ns();
  while (monotonic_ns() < start_ns_) {  // a few ms: connections may still end
    poll(1);
  }
  started_ = true;
  for (const Resting& resting : resting_) closed_.push_back(resting.connection);
  resting_.clear();
  read_clock();
  if (plan_.schedule == nullptr) {
    for (const auto& connection : connections_) {
      if (connection->state() == Connection::State::kReady) fill(*connection);
    }
  }
  while (!is_over()) turn();
  wind_up();
  measured_.cpu_ns = thread_cpu_ns() - cpu_before_ns;
}

bool Worker::is_over() const noexcept {
  if (stop_.load(std::memory_order_relaxed)) return true;
  if (out() == 0 && backlog_.empty() && !may_start()) return true;
  return now_ns_ >= last_due_ns_ + plan_.drain_ns;
}

void Worker::turn() {
  read_clock();
  if (now_ns_ < plan_.warmup_ns) interval_counts_ = {};  // the first interval begins after it
  if (now_ns_ >= plan_.warmup_ns + (interval_ + 1) * plan_.interval_ns) close_interval(false);
  while (!resting_.empty() && resting_.front().until_ns <= now_ns_) {
    closed_.push_back(resting_.front().connection);
    resting_.pop_front();
  }
  take_arrivals();
  send_waiting();
  expire();
  if (next_arrival_ns_ && *next_arrival_ns_ > now_ns_ &&
      *next_arrival_ns_ <= now_ns_ + plan_.spin_ns) {
    const std::uint64_t before_ns = now_ns_;
    const int handled = poll(0);
    const std::uint64_t spent_ns = read_clock() - before_ns;
    if (handled == 0 && spent_ns < kPreempted_ns) measured_.spun_ns += spent_ns;
    return;
  }
  const std::uint64_t wake_ns = next_wake_ns();
  if (wake_ns <= now_ns_) {
    poll(0);
  } else {
    sleep_until(wake_ns);
  }
}

std::uint64_t Worker::next_wake_ns() const noexcept {
  std::uint64_t wake_ns = std::min(now_ns_ + kSleepMax_ns, exchanges_.first_deadline_ns());
  wake_ns = std::min(wake_ns, plan_.warmup_ns + (interval_ + 1) * plan_.interval_ns);
  if (next_arrival_ns_) {
    const std::uint64_t early_ns = std::min(plan_.spin_ns, *next_arrival_ns_);
    wake_ns = std::min(wake_ns, *next_arrival_ns_ - early_ns);
  }
  if (!resting_.empty()) wake_ns = std::min(wake_ns, resting_.front().until_ns);
  return wake_ns;
}

void Worker::sleep_until(std::uint64_t wake_ns) {
  // A timer that goes off earlier than wanted costs one turn more; setting it each turn would cost
  // a system call per request.
  if (armed_ns_ <= now_ns_ || armed_ns_ > wake_ns) {
    const std::uint64_t at_ns = start_ns_ + wake_ns;
    itimerspec time{};
    time.it_value.tv_sec = static_cast<time_t>(at_ns / kNsPerSecond);
    time.it_value.tv_nsec = static_cast<long>(at_ns % kNsPerSecond);
    timerfd_settime(timer_, TFD_TIMER_ABSTIME, &time, nullptr);
    armed_ns_ = wake_ns;
  }
  poll(-1);
}

/// The count of events handled.
int Worker::poll(int timeout_ms) {
  epoll_event events[kEventsMax];
  const int count = epoll_wait(epoll_, events, kEventsMax, timeout_ms);
  if (count <= 0) return 0;
  read_clock();
  for (int i = 0; i < count; ++i) {
    // The timer is edge-triggered and set again before it is needed: it need not be read.
    if (events[i].data.u64 == kTimerToken) continue;
    const std::uint64_t index = events[i].data.u64;
    Connection& connection = *connections_[static_cast<std::size_t>(index)];
    if (connection.state() == Connection::State::kClosed) continue;
    on_event(connection, events[i].events);
  }
  return count;
}

void Worker::close_interval(bool last) {
  const auto current = static_cast<std::size_t>(
      now_ns_ <= plan_.warmup_ns ? 0 : (now_ns_ - plan_.warmup_ns) / plan_.interval_ns);
  const std::size_t end = last ? current + 1 : current;
  for (; interval_ < end; ++interval_) {
    collector_.deliver(thread_, interval_, interval_counts_, interval_response_);
    interval_counts_ = {};
    interval_response_.clear();
  }
}

void Worker::wind_up() {
  read_clock();
  measured_.ended_ns = now_ns_;
  for (const std::uint64_t intended_ns : backlog_) {
    Tally& tally = is_measured(intended_ns) ? measured_.tally : measured_.warmup;
    ++tally.not_sent_end;
    ++interval_counts_.not_sent;
    if (PhaseTally* phase = phase_of(intended_ns)) ++phase->not_sent;
  }
  backlog_.clear();
  for (const auto& connection : connections_) {
    for (const std::uint32_t slot : connection->exchanges) ++tally_of(exchanges_[slot]).abandoned;
    connection->exchanges.clear();
    connection->close();
  }
  for (const std::uint32_t slot : again_) ++tally_of(exchanges_[slot]).abandoned;
  again_.clear();
  close_interval(true);
  collector_.finish(thread_);
}

}  // namespace load
