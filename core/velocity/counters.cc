#include "core/velocity/counters.h"

#include <algorithm>
#include <bit>

#include "core/velocity/shard.h"

namespace core::velocity {
namespace {

constexpr std::size_t kShardsMax = 64;

std::uint32_t stamp_of(std::uint64_t now_ms) noexcept {
  const auto stamp = static_cast<std::uint32_t>(now_ms);
  return stamp != 0 ? stamp : 1;  // 0 is one that was taken back
}

}  // namespace

Counters::Counters(std::size_t bytes) : bytes_max_(std::max(bytes, kBytesMin)) {
  shard_count_ = std::bit_floor(std::clamp<std::size_t>(bytes_max_ / kBytesMin, 1, kShardsMax));
  shards_ = std::make_unique<Shard[]>(shard_count_);
  for (std::size_t i = 0; i < shard_count_; ++i) shards_[i].open(bytes_max_ / shard_count_);
}

Counters::~Counters() = default;

Counters::Shard& Counters::shard_of(const Key& key) const noexcept {
  return shards_[static_cast<std::size_t>(key.low) & (shard_count_ - 1)];
}

std::uint32_t Counters::at_most_max() const noexcept {
  // Half of a shard, so that one counter cannot drive out all others.
  const std::size_t stamps = shards_[0].cell_count / 2 * Stamps::kCount;
  return static_cast<std::uint32_t>(std::min<std::size_t>(stamps, kAtMostMax));
}

Counted Counters::count(const Question& question, std::uint64_t now_ms) noexcept {
  Shard& shard = shard_of(question.counter);
  Counted counted;
  const std::lock_guard lock(shard.mutex);
  if (question.look_for_repeat) {
    if (const Mark* const mark = shard.find_mark(question.request, now_ms)) {
      counted.repeated = true;
      counted.over = mark->stamp == 0;
      counted.stamp = mark->stamp;
      return counted;
    }
  }
  Counter* counter = shard.find(question.counter);
  if (counter != nullptr) {
    counter->last_ms = std::max(counter->last_ms, now_ms);
    shard.prune(*counter, question.window_ms);
    shard.touch(*counter);
    counted.before = std::min(counter->live, question.at_most);
  }
  counted.over = counted.before >= question.at_most;
  if (question.only_look) return counted;
  if (!counted.over || question.counts_when_over) {
    if (counter == nullptr) counter = &shard.make(question.counter, now_ms);
    const std::uint32_t stamp = stamp_of(counter->last_ms);
    while (counter->live >= question.at_most) shard.pop_oldest(*counter);
    shard.push(*counter, stamp);
    if (!counted.over) counted.stamp = stamp;
  }
  if (question.repeat_ms != 0) {
    shard.keep_in_mind(question.request, counted.stamp, now_ms + question.repeat_ms, now_ms);
  }
  return counted;
}

void Counters::take_back(const Key& counter, const Key& request, std::uint32_t stamp) noexcept {
  Shard& shard = shard_of(counter);
  const std::lock_guard lock(shard.mutex);
  if (Mark* const mark = shard.find_mark(request, 0)) shard.unlink(*mark);
  if (Counter* const found = shard.find(counter)) shard.take_back(*found, stamp);
}

Look Counters::look(const Key& key, std::uint64_t window_ms, std::uint64_t now_ms) const noexcept {
  Shard& shard = shard_of(key);
  Look look;
  const std::lock_guard lock(shard.mutex);
  Counter* const counter = shard.find(key);
  if (counter == nullptr) return look;
  counter->last_ms = std::max(counter->last_ms, now_ms);
  shard.prune(*counter, window_ms);
  look.count = counter->live;
  look.found = look.count != 0;
  if (look.found) {
    const std::uint32_t oldest = shard.cells[counter->first].stamps.at[counter->first_at];
    look.oldest_leaves_ms = window_ms - (static_cast<std::uint32_t>(counter->last_ms) - oldest);
  }
  return look;
}

bool Counters::erase(const Key& key) noexcept {
  Shard& shard = shard_of(key);
  const std::lock_guard lock(shard.mutex);
  const Counter* const counter = shard.find(key);
  if (counter == nullptr) return false;
  shard.forget(static_cast<Place>(reinterpret_cast<const Cell*>(counter) - shard.cells.get()));
  return true;
}

Figures Counters::figures() const noexcept {
  Figures sum;
  for (std::size_t i = 0; i < shard_count_; ++i) {
    const Shard& shard = shards_[i];
    const std::lock_guard lock(shard.mutex);
    sum.counters += shard.counters;
    sum.bytes += shard.taken_cells * sizeof(Cell);
    sum.evictions += shard.evictions;
    sum.forgotten_repeats += shard.forgotten_repeats;
  }
  return sum;
}

}  // namespace core::velocity
