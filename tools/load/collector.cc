#include "tools/load/collector.h"

#include <algorithm>
#include <chrono>
#include <limits>

namespace load {

void IntervalCounts::add(const IntervalCounts& other) noexcept {
  offered += other.offered;
  sent += other.sent;
  answered += other.answered;
  failed += other.failed;
  wrong += other.wrong;
  not_sent += other.not_sent;
}

void Collector::deliver(unsigned thread, std::size_t interval, const IntervalCounts& counts,
                        const Histogram& response) {
  {
    const std::lock_guard lock(mutex_);
    Pending& pending = pending_[interval];
    pending.counts.add(counts);
    pending.response.merge(response);
    passed_[thread] = interval + 1;
  }
  changed_.notify_one();
}

void Collector::finish(unsigned thread) {
  {
    const std::lock_guard lock(mutex_);
    passed_[thread] = std::numeric_limits<std::size_t>::max();
    ++finished_;
  }
  changed_.notify_one();
}

std::vector<Interval> Collector::take(std::uint64_t wait_ms) {
  std::unique_lock lock(mutex_);
  const auto complete = [this] {
    if (finished_ == threads_) return true;
    const std::size_t passed = *std::min_element(passed_.begin(), passed_.end());
    return !pending_.empty() && pending_.begin()->first < passed;
  };
  changed_.wait_for(lock, std::chrono::milliseconds(wait_ms), complete);
  const std::size_t passed = *std::min_element(passed_.begin(), passed_.end());
  std::vector<Interval> taken;
  while (!pending_.empty() && pending_.begin()->first < passed) {
    const auto& [index, pending] = *pending_.begin();
    const Histogram& response = pending.response;
    taken.push_back({index, pending.counts, response.percentile_ns(50), response.percentile_ns(90),
                     response.percentile_ns(99), response.max_ns(), response.mean_ns(), 0});
    pending_.erase(pending_.begin());
  }
  return taken;
}

bool Collector::finished() const {
  const std::lock_guard lock(mutex_);
  return finished_ == threads_ && pending_.empty();
}

}  // namespace load
