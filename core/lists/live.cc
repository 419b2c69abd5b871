#include "core/lists/live.h"

#include <new>
#include <utility>

namespace core::lists {

std::size_t Live::bytes() const noexcept {
  std::size_t bytes = source_->bytes();
  if (overlay_ != nullptr) bytes += overlay_->added.bytes() + overlay_->removed.bytes();
  return bytes;
}

void Changes::apply(const Step& step) {
  if (const auto known = by_value_.find(step.value); known != by_value_.end()) {
    const Change& old = known->second;
    added_ -= old.kind == Step::Kind::kAdd;
    if (old.expires_s != 0) {
      const auto expiry = expiries_.find(old.expires_s);
      if (--expiry->second == 0) expiries_.erase(expiry);
    }
    by_value_.erase(known);
  }
  if (step.kind == Step::Kind::kForget) return;
  const std::int64_t expires_s = step.kind == Step::Kind::kAdd ? step.expires_s : 0;
  by_value_.emplace(std::string(step.value), Change{step.kind, step.at_s, expires_s});
  added_ += step.kind == Step::Kind::kAdd;
  if (expires_s != 0) ++expiries_[expires_s];
}

bool Changes::expire(std::int64_t now_s) {
  if (expiries_.empty() || expiries_.begin()->first > now_s) return false;
  std::erase_if(by_value_, [&](const auto& change) {
    const bool expired = change.second.expires_s != 0 && change.second.expires_s <= now_s;
    added_ -= expired;
    return expired;
  });
  expiries_.erase(expiries_.begin(), expiries_.upper_bound(now_s));
  return true;
}

std::optional<std::int64_t> Changes::next_expiry_s() const noexcept {
  if (expiries_.empty()) return std::nullopt;
  return expiries_.begin()->first;
}

const Changes::Change* Changes::find(std::string_view value) const noexcept {
  const auto found = by_value_.find(value);
  return found == by_value_.end() ? nullptr : &found->second;
}

std::shared_ptr<const Overlay> Changes::over(const List& source, std::uint64_t seed) const {
  if (by_value_.empty()) return nullptr;
  std::vector<std::string_view> added;
  added.reserve(added_);
  auto removed = Set::Builder::with_room(by_value_.size() - added_, seed);
  if (!removed) throw std::bad_alloc();
  std::size_t hidden = 0;
  std::size_t fresh = 0;
  for (const auto& [value, change] : by_value_) {
    if (change.kind == Step::Kind::kAdd) {
      added.push_back(value);
      fresh += !source.has_entry(value);
    } else {
      removed->add(value);
      hidden += source.has_entry(value);
    }
  }
  List list = List::of_normal(added, source.match(), seed);
  if (!list.complete()) throw std::bad_alloc();
  return std::make_shared<const Overlay>(
      Overlay{std::move(list), std::move(*removed).finish(), hidden, fresh});
}

}  // namespace core::lists
