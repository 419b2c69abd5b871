#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace proxy::upstream {

class Deadlines;

/// Something that is due at a time. Whoever owns it takes it out of its Deadlines before it dies.
class Deadline {
 public:
  using OnDue = void (*)(void* owner);
  /// Has a place in `deadlines`, which outlive it, from here on; throws std::bad_alloc.
  inline Deadline(Deadlines& deadlines, void* owner, OnDue on_due);
  inline ~Deadline();
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;

  bool set() const noexcept { return place_ != kNowhere; }
  std::uint64_t due_ms() const noexcept { return due_ms_; }

 private:
  friend class Deadlines;
  static constexpr std::size_t kNowhere = static_cast<std::size_t>(-1);
  Deadlines& deadlines_;
  void* owner_;
  OnDue on_due_;
  std::uint64_t due_ms_ = 0;
  std::size_t place_ = kNowhere;
};

/// All deadlines of one worker's client behind one timer: a binary heap of pointers. Setting one that
/// is later than most, as deadlines are, costs a few instructions; none costs a system call. Room is made when a Deadline is, so
/// that setting one cannot fail. Pure.
class Deadlines {
 public:
  /// Sets or moves `deadline`.
  void set(Deadline& deadline, std::uint64_t due_ms) noexcept {
    deadline.due_ms_ = due_ms;
    if (!deadline.set()) {
      heap_.push_back(&deadline);  // reserved
      deadline.place_ = heap_.size() - 1;
    } else {
      sink(deadline.place_);
    }
    rise(deadline.place_);
  }

  void clear(Deadline& deadline) noexcept {
    if (!deadline.set()) return;
    const std::size_t place = deadline.place_;
    deadline.place_ = Deadline::kNowhere;
    Deadline* const last = heap_.back();
    heap_.pop_back();
    if (last == &deadline) return;
    put(last, place);
    sink(place);
    rise(last->place_);
  }

  bool empty() const noexcept { return heap_.empty(); }
  std::size_t size() const noexcept { return heap_.size(); }
  /// The earliest; not for an empty one.
  std::uint64_t next_ms() const noexcept { return heap_.front()->due_ms_; }

  /// Takes the earliest out and calls it, if it is due. False when none is.
  bool run_one(std::uint64_t now_ms) {
    if (heap_.empty() || heap_.front()->due_ms_ > now_ms) return false;
    Deadline& due = *heap_.front();
    clear(due);
    due.on_due_(due.owner_);
    return true;
  }

 private:
  friend class Deadline;
  void make_room() {
    constexpr std::size_t kLeast = 16;
    if (heap_.capacity() <= living_) heap_.reserve(std::max(kLeast, 2 * living_));
    ++living_;
  }
  void put(Deadline* deadline, std::size_t place) noexcept {
    heap_[place] = deadline;
    deadline->place_ = place;
  }
  void rise(std::size_t place) noexcept {
    Deadline* const moving = heap_[place];
    while (place > 0) {
      const std::size_t parent = (place - 1) / 2;
      if (heap_[parent]->due_ms_ <= moving->due_ms_) break;
      put(heap_[parent], place);
      place = parent;
    }
    put(moving, place);
  }
  void sink(std::size_t place) noexcept {
    Deadline* const moving = heap_[place];
    for (;;) {
      std::size_t child = place * 2 + 1;
      if (child >= heap_.size()) break;
      if (child + 1 < heap_.size() && heap_[child + 1]->due_ms_ < heap_[child]->due_ms_) ++child;
      if (heap_[child]->due_ms_ >= moving->due_ms_) break;
      put(heap_[child], place);
      place = child;
    }
    put(moving, place);
  }

  std::vector<Deadline*> heap_;
  std::size_t living_ = 0;  // deadlines that may be set
};

inline Deadline::Deadline(Deadlines& deadlines, void* owner, OnDue on_due)
    : deadlines_(deadlines), owner_(owner), on_due_(on_due) {
  deadlines_.make_room();
}

inline Deadline::~Deadline() { --deadlines_.living_; }

}  // namespace proxy::upstream
