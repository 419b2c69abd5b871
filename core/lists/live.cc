#include "core/lists/live.h"

#include <algorithm>
#include <iterator>
#include <new>
#include <utility>

namespace core::lists {

std::size_t Live::bytes() const noexcept {
  std::size_t bytes = source_->bytes();
  if (overlay_ != nullptr) bytes += overlay_->added.bytes() + overlay_->removed.bytes();
  return bytes;
}

void Changes::Piece::settle() noexcept {
  first_expiry_s = 0;
  for (const auto& [value, change] : changes) {
    if (change.expires_s == 0) continue;
    if (first_expiry_s == 0 || change.expires_s < first_expiry_s) first_expiry_s = change.expires_s;
  }
}

namespace {

/// Where `value` is among the changes of a piece, or belongs.
template <typename Pieces>
auto place_of(Pieces& changes, std::string_view value) noexcept {
  return std::lower_bound(changes.begin(), changes.end(), value,
                          [](const auto& change, std::string_view wanted) { return change.first < wanted; });
}

}  // namespace

Changes Changes::share() {
  Changes copy;
  copy.pieces_ = pieces_;
  copy.size_ = size_;
  copy.added_ = added_;
  copy.version_ = version_;
  for (const std::shared_ptr<Piece>& piece : pieces_) {
    if (!piece->shared) piece->shared = true;  // those that are may be read elsewhere already
  }
  return copy;
}

/// The piece that has `value` if any has it; there is one at least.
std::size_t Changes::piece_of(std::string_view value) const noexcept {
  const auto behind = std::upper_bound(
      pieces_.begin(), pieces_.end(), value,
      [](std::string_view wanted, const auto& piece) { return wanted < piece->changes.front().first; });
  return behind == pieces_.begin() ? 0 : static_cast<std::size_t>(behind - pieces_.begin()) - 1;
}

/// The piece, for writing.
Changes::Piece& Changes::own(std::size_t number) {
  std::shared_ptr<Piece>& piece = pieces_[number];
  if (piece->shared) {
    auto copy = std::make_shared<Piece>();
    copy->changes.reserve(kPieceMax);
    copy->changes = piece->changes;
    copy->first_expiry_s = piece->first_expiry_s;
    piece = std::move(copy);
  }
  return *piece;
}

void Changes::split(std::size_t number) {
  auto behind = std::make_shared<Piece>();
  std::vector<std::pair<std::string, Change>>& full = own(number).changes;
  behind->changes.reserve(kPieceMax);
  pieces_.reserve(pieces_.size() + 1);
  const auto half = full.begin() + static_cast<std::ptrdiff_t>(full.size() / 2);
  behind->changes.assign(std::make_move_iterator(half), std::make_move_iterator(full.end()));
  full.erase(half, full.end());
  pieces_[number]->settle();
  behind->settle();
  pieces_.insert(pieces_.begin() + static_cast<std::ptrdiff_t>(number) + 1, std::move(behind));
}

void Changes::put(const Step& step) {
  const Change change{step.kind, step.at_s, step.kind == Step::Kind::kAdd ? step.expires_s : 0};
  std::string value(step.value);
  if (pieces_.empty()) {
    auto first = std::make_shared<Piece>();
    first->changes.reserve(kPieceMax);
    pieces_.push_back(std::move(first));
  } else if (pieces_[piece_of(value)]->changes.size() == kPieceMax) {
    split(piece_of(value));
  }
  Piece& piece = own(pieces_.front()->changes.empty() ? 0 : piece_of(value));
  const auto place = place_of(piece.changes, value);
  const bool known = place != piece.changes.end() && place->first == value;
  if (known) {
    added_ -= place->second.kind == Step::Kind::kAdd;
    place->second = change;
  } else {
    piece.changes.insert(place, {std::move(value), change});
    ++size_;
  }
  added_ += step.kind == Step::Kind::kAdd;
  piece.settle();
}

void Changes::apply(const Step& step) {
  if (step.kind != Step::Kind::kForget) {
    put(step);
    ++version_;
    return;
  }
  const Change* const known = find(step.value);
  if (known == nullptr) return;
  const bool was_added = known->kind == Step::Kind::kAdd;
  const std::size_t number = piece_of(step.value);
  Piece& piece = own(number);
  piece.changes.erase(place_of(piece.changes, step.value));
  piece.settle();
  if (piece.changes.empty()) pieces_.erase(pieces_.begin() + static_cast<std::ptrdiff_t>(number));
  added_ -= was_added;
  --size_;
  ++version_;
}

bool Changes::expire(std::int64_t now_s) {
  const auto first = next_expiry_s();
  if (!first || *first > now_s) return false;
  ++version_;
  for (std::size_t number = 0; number < pieces_.size(); ++number) {
    const std::int64_t expiry_s = pieces_[number]->first_expiry_s;
    if (expiry_s == 0 || expiry_s > now_s) continue;
    Piece& piece = own(number);
    const std::size_t expired = std::erase_if(piece.changes, [&](const auto& change) {
      return change.second.expires_s != 0 && change.second.expires_s <= now_s;
    });
    size_ -= expired;
    added_ -= expired;  // only what is added expires
    piece.settle();
  }
  std::erase_if(pieces_, [](const auto& piece) { return piece->changes.empty(); });
  return true;
}

std::optional<std::int64_t> Changes::next_expiry_s() const noexcept {
  std::optional<std::int64_t> first;
  for (const std::shared_ptr<Piece>& piece : pieces_) {
    const std::int64_t expiry_s = piece->first_expiry_s;
    if (expiry_s != 0 && (!first || expiry_s < *first)) first = expiry_s;
  }
  return first;
}

const Changes::Change* Changes::find(std::string_view value) const noexcept {
  if (pieces_.empty()) return nullptr;
  const auto& changes = pieces_[piece_of(value)]->changes;
  const auto place = place_of(changes, value);
  return place == changes.end() || place->first != value ? nullptr : &place->second;
}

std::shared_ptr<const Overlay> Changes::over(const List& source, std::uint64_t seed) const {
  if (size_ == 0) return nullptr;
  std::vector<std::string_view> added;
  added.reserve(added_);
  auto removed = Set::Builder::with_room(size_ - added_, seed);
  if (!removed) throw std::bad_alloc();
  std::size_t hidden = 0;
  std::size_t fresh = 0;
  each([&](std::string_view value, const Change& change) {
    if (change.kind == Step::Kind::kAdd) {
      added.push_back(value);
      fresh += !source.has_entry(value);
    } else {
      removed->add(value);
      hidden += source.has_entry(value);
    }
  });
  List list = List::of_normal(added, source.match(), seed);
  if (!list.complete()) throw std::bad_alloc();
  return std::make_shared<const Overlay>(
      Overlay{std::move(list), std::move(*removed).finish(), hidden, fresh});
}

}  // namespace core::lists
