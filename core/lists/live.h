#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/lists/list.h"

// Lists that change while requests are answered
//
// A list is what was read from its source, and over it what was changed through the admin address:
// entries added (perhaps until some time) and entries taken out. The source may be large and is
// read seldom; the changes are few and come often. So a look-up asks two immutable things, the
// overlay first, and a change makes a new overlay, never touching the source. All lists of a
// configuration as they are now are one Table; workers are handed a new one between two batches,
// as they are a new configuration, so a request takes no lock, counts no reference, and sees every
// list in one state from its beginning to its end.
namespace core::lists {

/// What changes have made of a list. Immutable.
struct Overlay {
  List added;
  Set removed;
  // For people and metrics; no look-up needs them.
  std::size_t hidden = 0;  // entries of the source that are removed
  std::size_t fresh = 0;   // added ones that are no entries of the source
};

/// One list as it is now. Thread: any.
class Live {
 public:
  explicit Live(std::shared_ptr<const List> source, std::shared_ptr<const Overlay> overlay = {})
      : source_(std::move(source)), overlay_(std::move(overlay)) {}

  /// As List::contains().
  bool contains(std::string_view value) const noexcept {
    if (overlay_ == nullptr) return source_->contains(value);
    return overlay_->added.contains(value) || source_->contains(value, &overlay_->removed);
  }
  std::size_t size() const noexcept {
    const std::size_t entries = source_->size();
    return overlay_ == nullptr ? entries : entries + overlay_->fresh - overlay_->hidden;
  }
  std::size_t bytes() const noexcept;
  const List& source() const noexcept { return *source_; }
  const std::shared_ptr<const List>& shared_source() const noexcept { return source_; }

 private:
  std::shared_ptr<const List> source_;
  std::shared_ptr<const Overlay> overlay_;  // null: unchanged
};

/// The lists of a snapshot, by List::slot().
using Table = std::vector<Live>;

/// One step of a list's history, as the journal keeps it.
struct Step {
  enum class Kind : std::uint8_t {
    kAdd = 1,     // in the list, whatever the source says
    kRemove = 2,  // not in it
    kForget = 3,  // as the source says
  };
  Kind kind = Kind::kAdd;
  std::int64_t at_s = 0;       // seconds since 1970
  std::int64_t expires_s = 0;  // kAdd: from then on as if forgotten; 0 is never
  std::string_view value;      // in the list's normal form
};

/// The live changes of one list, by value. Kept in order, in pieces that copies share until one of
/// them is written to: a copy of 100,000 changes takes 10 us, so that another thread can put them
/// over a list while their owner goes on. Thread: one owner of each copy.
class Changes {
 public:
  struct Change {
    Step::Kind kind = Step::Kind::kAdd;
    std::int64_t since_s = 0;
    std::int64_t expires_s = 0;  // 0 is never
  };

  Changes() = default;
  Changes(Changes&&) noexcept = default;
  Changes& operator=(Changes&&) noexcept = default;
  Changes(const Changes&) = delete;
  Changes& operator=(const Changes&) = delete;
  /// A copy for another owner. Throws std::bad_alloc.
  Changes share();

  /// Throws std::bad_alloc and has changed nothing then.
  void apply(const Step& step);
  /// Forgets what has expired at `now_s`; true when there was something.
  bool expire(std::int64_t now_s);
  /// When the next one expires.
  std::optional<std::int64_t> next_expiry_s() const noexcept;

  /// Good until the next change.
  const Change* find(std::string_view value) const noexcept;
  std::size_t size() const noexcept { return size_; }
  std::size_t added() const noexcept { return added_; }
  /// Differs from that of a copy as soon as one of the two has changed, if only one of them does.
  std::uint64_t version() const noexcept { return version_; }
  /// Calls `use(std::string_view value, const Change&)` for each, in the order of their values.
  template <typename Use>
  void each(Use&& use) const {
    for (const std::shared_ptr<Piece>& piece : pieces_) {
      for (const auto& [value, change] : piece->changes) use(std::string_view(value), change);
    }
  }

  /// The changes over `source`; null when there are none. Takes 0.1 us for each.
  std::shared_ptr<const Overlay> over(const List& source, std::uint64_t seed) const;

 private:
  static constexpr std::size_t kPieceMax = 256;  // copied when one of them changes
  struct Piece {
    std::vector<std::pair<std::string, Change>> changes;  // in order, never empty
    std::int64_t first_expiry_s = 0;                      // 0: none of them expires
    bool shared = false;  // with another copy, for ever: nobody writes to it any more

    void settle() noexcept;
  };
  std::size_t piece_of(std::string_view value) const noexcept;
  Piece& own(std::size_t number);
  void put(const Step& step);
  void split(std::size_t number);

  std::vector<std::shared_ptr<Piece>> pieces_;
  std::size_t size_ = 0;
  std::size_t added_ = 0;
  std::uint64_t version_ = 0;
};

}  // namespace core::lists
