#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace proxy::upstream {

/// Something that is due at a time. Whoever owns it takes it out of its Deadlines before it dies.
class Deadline {
 public:
  using OnDue = void (*)(void* owner);
  Deadline(void* owner, OnDue on_due) noexcept : owner_(owner), on_due_(on_due) {}
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;

  bool set() const noexcept { return place_ != kNowhere; }
  std::uint64_t due_ms() const noexcept { return due_ms_; }

 private:
  friend class Deadlines;
  static constexpr std::size_t kNowhere = static_cast<std::size_t>(-1);
  void* owner_;
  OnDue on_due_;
  std::uint64_t due_ms_ = 0;
  std::size_t place_ = kNowhere;
};

/// All deadlines of one worker's client behind one timer: a binary heap of pointers. Setting one that
/// is later than most, as deadlines are, costs a few instructions; none costs a system call. Pure.
class Deadlines {
 public:
  /// Sets or moves `deadline`.
  void set(Deadline& deadline, std::uint64_t due_ms) {
    deadline.due_ms_ = due_ms;
    if (!deadline.set()) {
      heap_.push_back(&deadline);
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
};

}  // namespace proxy::upstream
