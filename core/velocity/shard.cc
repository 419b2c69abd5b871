#include "core/velocity/shard.h"

#include <algorithm>
#include <bit>
#include <new>

namespace core::velocity {
namespace {

constexpr std::size_t kMarkShare = 4;  // a quarter of the bytes is for what is kept in mind

template <typename T>
Zeros<T> zeros(std::size_t count) {
  void* const block = std::calloc(count, sizeof(T));
  if (block == nullptr) throw std::bad_alloc();
  return Zeros<T>(static_cast<T*>(block));
}

}  // namespace

void Counters::Shard::open(std::size_t bytes) {
  // A table of half as many buckets as there are cells, each counter having two: one a counter.
  const std::size_t for_marks = bytes / kMarkShare;
  const std::size_t cells_fit = (bytes - for_marks) / (sizeof(Cell) + sizeof(Place) / 2);
  const std::size_t marks_fit = for_marks / (sizeof(Mark) + sizeof(Place));
  const std::size_t bucket_count = std::bit_floor(cells_fit / 2);
  const std::size_t mark_bucket_count = std::bit_floor(marks_fit);
  cell_count = static_cast<Place>(std::min<std::size_t>(cells_fit, UINT32_MAX));
  mark_count = static_cast<Place>(std::min<std::size_t>(marks_fit, UINT32_MAX));
  cells = zeros<Cell>(cell_count);
  marks = zeros<Mark>(mark_count);
  buckets = zeros<Place>(bucket_count);
  mark_buckets = zeros<Place>(mark_bucket_count);
  bucket_mask = bucket_count - 1;
  mark_mask = mark_bucket_count - 1;
}

Counter* Counters::Shard::find(const Key& key) noexcept {
  for (Place at = bucket(key); at != 0; at = cells[at].counter.chain) {
    if (cells[at].counter.key == key) return &cells[at].counter;
  }
  return nullptr;
}

/// A cell; without a free one those of the counter that was asked longest ago. 0 when that is
/// `but_not`, which then is the only one.
Place Counters::Shard::take_cell(const Counter* but_not) noexcept {
  while (free_cell == 0 && used_cells == cell_count) {
    if (oldest == 0 || &cells[oldest].counter == but_not) return 0;
    ++evictions;
    forget(oldest);
  }
  ++taken_cells;
  if (free_cell == 0) return used_cells++;
  const Place cell = free_cell;
  free_cell = cells[cell].next_free;
  return cell;
}

void Counters::Shard::give_back(Place cell) noexcept {
  cells[cell].next_free = free_cell;
  free_cell = cell;
  --taken_cells;
}

void Counters::Shard::give_back_stamps(Counter& counter) noexcept {
  for (Place at = counter.first; at != 0;) {
    const Place newer = cells[at].stamps.newer;
    give_back(at);
    at = newer;
  }
  counter.first = counter.last = 0;
  counter.live = 0;
}

void Counters::Shard::link(Counter& counter) noexcept {
  const Place place = place_of(counter);
  counter.older = newest;
  counter.newer = 0;
  (newest != 0 ? cells[newest].counter.newer : oldest) = place;
  newest = place;
}

void Counters::Shard::unlink(Counter& counter) noexcept {
  (counter.newer != 0 ? cells[counter.newer].counter.older : newest) = counter.older;
  (counter.older != 0 ? cells[counter.older].counter.newer : oldest) = counter.newer;
}

void Counters::Shard::touch(Counter& counter) noexcept {
  if (newest == place_of(counter)) return;
  unlink(counter);
  link(counter);
}

Counter& Counters::Shard::make(const Key& key, std::uint64_t now_ms) noexcept {
  const Place place = take_cell(nullptr);  // a shard has more cells than one counter may take
  Counter& counter = cells[place].counter;
  counter = {};
  counter.key = key;
  counter.last_ms = now_ms;
  Place& head = bucket(key);
  counter.chain = head;
  head = place;
  link(counter);
  ++counters;
  return counter;
}

void Counters::Shard::forget(Place place) noexcept {
  Counter& counter = cells[place].counter;
  give_back_stamps(counter);
  Place* at = &bucket(counter.key);
  while (*at != place) at = &cells[*at].counter.chain;
  *at = counter.chain;
  unlink(counter);
  give_back(place);
  --counters;
}

void Counters::Shard::pop_oldest(Counter& counter) noexcept {
  const Place first = counter.first;
  Stamps& stamps = cells[first].stamps;
  if (stamps.at[counter.first_at] != 0) --counter.live;
  ++counter.first_at;
  const bool is_last = first == counter.last;
  if (counter.first_at < (is_last ? counter.last_end : Stamps::kCount)) return;
  counter.first = stamps.newer;
  counter.first_at = 0;
  if (is_last) {
    counter.first = counter.last = 0;
    counter.last_end = 0;
  } else {
    cells[counter.first].stamps.older = 0;
  }
  give_back(first);
}

void Counters::Shard::prune(Counter& counter, std::uint64_t window_ms) noexcept {
  const auto now = static_cast<std::uint32_t>(counter.last_ms);
  while (counter.first != 0) {
    const std::uint32_t stamp = cells[counter.first].stamps.at[counter.first_at];
    if (stamp != 0 && now - stamp < window_ms) return;
    pop_oldest(counter);
  }
}

void Counters::Shard::push(Counter& counter, std::uint32_t stamp) noexcept {
  if (counter.last == 0 || counter.last_end == Stamps::kCount) {
    Place cell = take_cell(&counter);
    if (cell == 0) {  // it has them all: its oldest ones make room
      ++evictions;
      const Place first = counter.first;
      while (counter.first == first) pop_oldest(counter);
      cell = take_cell(&counter);
    }
    Stamps& stamps = cells[cell].stamps;
    stamps.older = counter.last;
    stamps.newer = 0;
    if (counter.last != 0) {
      cells[counter.last].stamps.newer = cell;
    } else {
      counter.first = cell;
      counter.first_at = 0;
    }
    counter.last = cell;
    counter.last_end = 0;
  }
  cells[counter.last].stamps.at[counter.last_end++] = stamp;
  ++counter.live;
}

/// Mostly the newest, or one of a few behind it.
void Counters::Shard::take_back(Counter& counter, std::uint32_t stamp) noexcept {
  for (Place at = counter.last; at != 0; at = cells[at].stamps.older) {
    Stamps& stamps = cells[at].stamps;
    const int begin = at == counter.first ? counter.first_at : 0;
    const int end = at == counter.last ? counter.last_end : Stamps::kCount;
    for (int i = end - 1; i >= begin; --i) {
      if (stamps.at[i] != stamp) continue;
      stamps.at[i] = 0;
      --counter.live;
      return;
    }
  }
}

void Counters::Shard::unlink(Mark& mark) noexcept {
  const auto place = static_cast<Place>(&mark - marks.get());
  Place* at = &mark_bucket(mark.request);
  while (*at != place) at = &marks[*at].chain;
  *at = mark.chain;
  mark.until_ms = 0;
}

Mark* Counters::Shard::find_mark(const Key& request, std::uint64_t now_ms) noexcept {
  for (Place at = mark_bucket(request); at != 0; at = marks[at].chain) {
    if (marks[at].request == request) return marks[at].until_ms > now_ms ? &marks[at] : nullptr;
  }
  return nullptr;
}

void Counters::Shard::keep_in_mind(const Key& request, std::uint32_t stamp, std::uint64_t until_ms,
                                   std::uint64_t now_ms) noexcept {
  Place* head = &mark_bucket(request);
  for (Place at = *head; at != 0; at = marks[at].chain) {
    if (marks[at].request != request) continue;
    unlink(marks[at]);
    break;
  }
  Mark& mark = marks[next_mark];
  if (mark.until_ms != 0) {
    if (mark.until_ms > now_ms) ++forgotten_repeats;
    unlink(mark);
  }
  mark = {request, until_ms, *head, stamp};
  *head = next_mark;
  if (++next_mark == mark_count) next_mark = 1;
}

}  // namespace core::velocity
