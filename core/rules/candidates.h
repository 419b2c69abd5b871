#pragma once

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace core::rules {

/// A sorted run of rule numbers, as places in the index's array of them.
struct Run {
  std::uint32_t begin = 0, end = 0;
  bool empty() const noexcept { return begin == end; }
};

/// How much scratch the index of a program needs.
struct CandidateCounts {
  std::size_t cursors = 0;
  std::size_t sources = 0;
  std::size_t literals = 0;

  bool fits(const CandidateCounts& other) const noexcept {
    return cursors <= other.cursors && sources <= other.sources && literals <= other.literals;
  }
  void raise_to(const CandidateCounts& other) noexcept {
    cursors = std::max(cursors, other.cursors);
    sources = std::max(sources, other.sources);
    literals = std::max(literals, other.literals);
  }
};

/// The scratch of one walk through an index (index.h): the runs that the request's values have
/// opened, as a heap whose top has the lowest rule not looked at yet. Its size is given when a
/// snapshot is compiled; no request clears or allocates any of it. Thread: its evaluation's.
class Candidates {
 public:
  struct Cursor {
    std::uint32_t rule;       // the lowest of what is left: the heap's order
    std::uint32_t source;     // which opened it
    const std::uint32_t* at;  // where `rule` stands; null: the source has to be asked again
    const std::uint32_t* end;
  };

  explicit Candidates(CandidateCounts counts)
      : counts_(counts), source_marks_(counts.sources), literal_marks_(counts.literals) {
    heap_.reserve(counts.cursors);
  }

  const CandidateCounts& counts() const noexcept { return counts_; }
  void clear() noexcept { heap_.clear(); }
  bool empty() const noexcept { return heap_.empty(); }
  const Cursor& top() const noexcept { return heap_.front(); }

  void push(Cursor cursor) noexcept {
    std::size_t place = heap_.size();
    assert(place < counts_.cursors);  // the heap never grows
    heap_.push_back(cursor);
    while (place > 0) {
      const std::size_t parent = (place - 1) / 2;
      if (heap_[parent].rule <= cursor.rule) break;
      heap_[place] = heap_[parent];
      place = parent;
    }
    heap_[place] = cursor;
  }

  /// Moves the top on by one rule.
  void advance() noexcept {
    Cursor cursor = heap_.front();
    if (++cursor.at == cursor.end) {
      pop();
      return;
    }
    cursor.rule = *cursor.at;
    sink(cursor);
  }

  void pop() noexcept {
    const Cursor last = heap_.back();
    heap_.pop_back();
    if (!heap_.empty()) sink(last);
  }

  /// A fresh set of marks; old ones count no more.
  void begin_marks() noexcept { ++mark_; }
  void mark_source(std::uint32_t source) noexcept { source_marks_[source] = mark_; }
  /// True the first time a literal is marked.
  bool mark_literal(std::uint32_t literal) noexcept {
    if (literal_marks_[literal] == mark_) return false;
    literal_marks_[literal] = mark_;
    return true;
  }

  /// Drops the cursors of the marked sources.
  void drop_marked() noexcept {
    std::size_t kept = 0;
    for (std::size_t i = 0; i < heap_.size(); ++i) {
      if (source_marks_[heap_[i].source] != mark_) heap_[kept++] = heap_[i];
    }
    if (kept == heap_.size()) return;
    heap_.resize(kept);
    for (std::size_t place = kept / 2; place-- > 0;) sink(heap_[place], place);
  }

 private:
  /// Puts `cursor` at `place` or below it, where the heap has room for it.
  void sink(Cursor cursor, std::size_t place = 0) noexcept {
    for (std::size_t child = 2 * place + 1; child < heap_.size(); child = 2 * place + 1) {
      if (child + 1 < heap_.size() && heap_[child + 1].rule < heap_[child].rule) ++child;
      if (cursor.rule <= heap_[child].rule) break;
      heap_[place] = heap_[child];
      place = child;
    }
    heap_[place] = cursor;
  }

  CandidateCounts counts_;
  std::vector<Cursor> heap_;
  std::vector<std::uint64_t> source_marks_;
  std::vector<std::uint64_t> literal_marks_;
  std::uint64_t mark_ = 0;
};

}  // namespace core::rules
