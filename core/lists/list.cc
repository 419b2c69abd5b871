#include "core/lists/list.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <utility>

#include "core/lists/entry.h"
#include "core/lists/network.h"
#include "core/text/email.h"

namespace core::lists {
namespace {

// A line's normal form is at most 18 times as long as the line (NFKC, Unicode TR 15), and each of
// the few steps there may want its own copy.
constexpr std::size_t kArenaBytes = 128 * 1024;

/// The lines of a list file.
class Lines {
 public:
  explicit Lines(std::string_view contents) noexcept : left_(contents) {
    if (left_.starts_with("\xEF\xBB\xBF")) left_.remove_prefix(3);  // byte order mark
  }

  static constexpr bool kEmptyIsWrong = false;

  /// The next line without white space around it, empty when it is a remark; false at the end.
  bool next(std::string_view& line) noexcept {
    if (left_.empty()) return false;
    const auto* const end = static_cast<const char*>(std::memchr(left_.data(), '\n', left_.size()));
    const std::size_t size =
        end == nullptr ? left_.size() : static_cast<std::size_t>(end - left_.data());
    line = trim_ascii(left_.substr(0, size));
    if (line.starts_with('#')) line = {};
    left_.remove_prefix(std::min(size + 1, left_.size()));
    return true;
  }

 private:
  std::string_view left_;
};

/// The values of a configuration, one after the other.
class Values {
 public:
  explicit Values(const std::vector<std::string>& values) noexcept : values_(values) {}

  static constexpr bool kEmptyIsWrong = true;

  bool next(std::string_view& value) noexcept {
    if (next_ == values_.size()) return false;
    value = trim_ascii(values_[next_++]);
    return true;
  }

 private:
  const std::vector<std::string>& values_;
  std::size_t next_ = 0;
};

template <typename Source>
std::size_t count_candidates(Source source) noexcept {
  std::size_t count = 0;
  for (std::string_view line; source.next(line);) count += !line.empty();
  return count;
}

std::size_t count_labels(std::string_view domain) noexcept {
  return 1 + static_cast<std::size_t>(std::count(domain.begin(), domain.end(), '.'));
}

constexpr std::uint64_t label_bit(std::size_t labels) {
  return std::uint64_t{1} << std::min<std::size_t>(labels, 63);
}

}  // namespace

/// Two passes: the first counts the lines that may be entries, so that the set is made in its
/// final size at once; the second reads them. A third one only if most entries were bad or came
/// twice and the memory is worth it: a set cannot shrink, it has forgotten half of each hash.
template <typename Source>
List List::build(Source source, Match match, std::uint64_t seed) {
  constexpr std::size_t kWasteMax = 64 * 1024;
  List list;
  list.match_ = match;
  list.seed_ = seed;
  Arena arena(kArenaBytes);
  std::size_t capacity = count_candidates(source);
  for (;;) {
    std::optional<Set::Builder> builder = Set::Builder::with_room(capacity, seed);
    if (!builder) {
      list = List{};
      list.match_ = match;
      list.complete_ = false;
      list.bad_count_ = 1;
      list.bad_lines_.push_back(
          {0, "no memory for a list of " + std::to_string(capacity) + " entries (" +
                  std::to_string(Set::Builder::bytes_for(capacity) >> 20) + " MiB)"});
      return list;
    }
    Source pass = source;
    list.bad_count_ = 0;
    list.bad_lines_.clear();
    std::size_t number = 1;
    for (std::string_view line; pass.next(line); ++number) {
      if (line.empty() && !Source::kEmptyIsWrong) continue;
      arena.reset();
      Entry entry = read_entry(line, match, arena);
      if (entry.wrong == nullptr && entry.value.empty()) {
        if (!Source::kEmptyIsWrong) continue;
        entry.wrong = "an empty value; write one, or leave it out";
      }
      if (entry.wrong == nullptr) {
        list.keep_in_mind(entry.value);
        builder->add(entry.value);
      } else if (++list.bad_count_; list.bad_lines_.size() < kBadLinesMax) {
        list.bad_lines_.push_back({number, entry.wrong});
      }
    }
    list.set_ = std::move(*builder).finish();
    const std::size_t size = list.set_.size();
    if (Set::Builder::bytes_for(capacity) <= 2 * Set::Builder::bytes_for(size) + kWasteMax) break;
    list.set_ = Set{};  // given back first: the two must not add up
    capacity = size;
  }
  return list;
}

List List::parse(std::string_view contents, Match match, std::uint64_t seed) {
  return build(Lines{contents}, match, seed);
}

List List::of(const std::vector<std::string>& values, Match match, std::uint64_t seed) {
  return build(Values{values}, match, seed);
}

List List::of_normal(const std::vector<std::string_view>& values, Match match,
                     std::uint64_t seed) {
  List list;
  list.match_ = match;
  list.seed_ = seed;
  std::optional<Set::Builder> builder = Set::Builder::with_room(values.size(), seed);
  list.complete_ = builder.has_value();
  if (!builder) return list;
  for (const std::string_view value : values) {
    list.keep_in_mind(value);
    builder->add(value);
  }
  list.set_ = std::move(*builder).finish();
  return list;
}

void List::keep_in_mind(std::string_view entry) noexcept {
  shortest_ = std::min(shortest_, entry.size());
  longest_ = std::max(longest_, entry.size());
  if (match_ == Match::kDomain) label_counts_ |= label_bit(count_labels(entry));
  if (match_ != Match::kNetwork) return;
  if (const auto network = read_network(entry).network) {
    label_counts_ |= length_bit(network->is_v4, network->length);
  }
}

List List::from(Parts parts) {
  List list;
  list.set_ = std::move(parts.set);
  list.seed_ = parts.seed;
  list.shortest_ = parts.shortest;
  list.longest_ = parts.longest;
  list.label_counts_ = parts.label_counts;
  list.match_ = parts.match;
  list.bad_count_ = parts.bad_count;
  return list;
}

List List::stand_in(Match match, std::uint32_t slot) {
  List list;
  list.match_ = match;
  list.slot_ = slot;
  return list;
}

bool List::contains(std::string_view value, const Set* without) const noexcept {
  if (match_ == Match::kDomain) return contains_domain(value, without);
  if (match_ == Match::kNetwork) return contains_network(value, without);
  if (value.size() < shortest_ || value.size() > longest_) return false;
  return holds(value, without);
}

/// From the end to the front, one boundary between labels after the other, so that each suffix's
/// number of labels is known; only those that an entry could equal are hashed. A list of names such
/// as example.com looks "a.b.example.com" up once.
bool List::contains_domain(std::string_view domain, const Set* without) const noexcept {
  const std::size_t reach = std::min(domain.size(), longest_);
  const char* const end = domain.data() + domain.size();
  std::size_t labels = 0;
  for (std::size_t size = 1; size <= reach; ++size) {
    if (size != domain.size() && *(end - size - 1) != '.') continue;
    const std::uint64_t bit = label_bit(++labels);
    if ((label_counts_ & bit) != 0 && size >= shortest_ && holds({end - size, size}, without)) {
      return true;
    }
    if (label_counts_ < bit) return false;  // no entry has as many labels; bit 63 goes on
  }
  return false;
}

/// One look-up for each length of prefix that an entry has.
bool List::contains_network(std::string_view value, const Set* without) const noexcept {
  const std::optional<Network> network = read_network(value).network;
  if (!network) return false;
  char room[kNetworkBytesMax];
  for (unsigned length = 0; length <= network->length; ++length) {
    if ((label_counts_ & length_bit(network->is_v4, length)) == 0) continue;
    const std::size_t size = write_network(network->cut(static_cast<std::uint8_t>(length)), room);
    if (holds({room, size}, without)) return true;
  }
  return false;
}

std::string_view List::normalise(Match match, std::string_view value, Arena& arena) noexcept {
  switch (match) {
    case Match::kExact:
      return value;
    case Match::kEmail:
      return text::normalise_email(value, arena);
    case Match::kDomain:
      return text::normalise_domain(value, arena);
    case Match::kNetwork:
      if (const auto network = read_network(trim_ascii(value)).network) {
        return write_network(*network, arena);
      }
      return value;  // in no list: entries are networks
  }
  return value;
}

}  // namespace core::lists
