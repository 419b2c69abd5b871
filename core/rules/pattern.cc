#include "core/rules/pattern.h"

#include <re2/re2.h>

#include <charconv>
#include <limits>

namespace core::rules {
namespace {

using Set = std::array<std::uint64_t, 2>;
constexpr std::uint32_t kForever = std::numeric_limits<std::uint32_t>::max();
constexpr std::int64_t kPatternMemoryMax = 4 << 20;  // bytes of automaton a pattern and lane

void add(Set& set, unsigned char byte) { set[byte >> 6] |= std::uint64_t{1} << (byte & 63); }

void add_range(Set& set, unsigned char first, unsigned char last) {
  for (unsigned c = first; c <= last; ++c) add(set, static_cast<unsigned char>(c));
}

bool overlap(const Set& a, const Set& b) { return (a[0] & b[0]) != 0 || (a[1] & b[1]) != 0; }

/// The Perl classes as RE2 defines them (ASCII only). False for a letter that is none of them.
bool add_perl_class(Set& set, char letter) {
  switch (letter) {
    case 'd': add_range(set, '0', '9'); return true;
    case 'w':
      add_range(set, '0', '9');
      add_range(set, 'A', 'Z');
      add_range(set, 'a', 'z');
      add(set, '_');
      return true;
    case 's':
      for (char c : {'\t', '\n', '\f', '\r', ' '}) add(set, static_cast<unsigned char>(c));
      return true;
    default: return false;
  }
}

bool is_punctuation(char c) {
  return (c >= '!' && c <= '/') || (c >= ':' && c <= '@') || (c >= '[' && c <= '`') ||
         (c >= '{' && c <= '~');
}

/// Reads "[...]" from behind its '['. False for anything beyond plain bytes, ranges and \d \w \s.
bool parse_class(std::string_view text, std::size_t& at, Set& set) {
  bool first = true;
  while (at < text.size()) {
    char c = text[at];
    if (c == ']' && !first) {
      ++at;
      return true;
    }
    if (c == '^' && first) return false;
    if (c == '[' || static_cast<unsigned char>(c) >= 128) return false;
    first = false;
    if (c == '\\') {
      if (at + 1 >= text.size()) return false;
      const char escaped = text[at + 1];
      at += 2;
      if (add_perl_class(set, escaped)) continue;
      if (!is_punctuation(escaped)) return false;
      c = escaped;
    } else {
      ++at;
    }
    if (at + 1 < text.size() && text[at] == '-' && text[at + 1] != ']') {
      const char last = text[at + 1];
      if (last == '\\' || last == '[' || static_cast<unsigned char>(last) >= 128 || last < c) {
        return false;
      }
      at += 2;
      add_range(set, static_cast<unsigned char>(c), static_cast<unsigned char>(last));
    } else {
      add(set, static_cast<unsigned char>(c));
    }
  }
  return false;
}

/// Reads "{n}", "{n,}" or "{n,m}" from behind its '{'.
bool parse_count(std::string_view text, std::size_t& at, std::uint32_t& min, std::uint32_t& max) {
  const std::size_t close = text.find('}', at);
  if (close == std::string_view::npos) return false;
  const char* const end = text.data() + close;
  auto [stop, ec] = std::from_chars(text.data() + at, end, min);
  if (ec != std::errc{} || min > 1000) return false;
  max = min;
  if (stop != end) {
    if (*stop != ',') return false;
    ++stop;
    if (stop == end) {
      max = kForever;
    } else {
      const auto rest = std::from_chars(stop, end, max);
      if (rest.ec != std::errc{} || rest.ptr != end || max > 1000 || max < min) return false;
    }
  }
  at = close + 1;
  return true;
}

}  // namespace

bool Pattern::parse_simple(std::string_view text, std::vector<Item>& items) {
  if (text.size() < 2 || text.front() != '^' || text.back() != '$') return false;
  text = text.substr(1, text.size() - 2);
  std::size_t at = 0;
  while (at < text.size()) {
    Item item{{0, 0}, 1, 1};
    const char c = text[at];
    if (static_cast<unsigned char>(c) >= 128) return false;
    if (c == '[') {
      if (!parse_class(text, ++at, item.set)) return false;
    } else if (c == '\\') {
      // A backslash in front of the closing '$' makes it a literal: left to RE2.
      if (at + 1 >= text.size()) return false;
      const char escaped = text[at + 1];
      if (!add_perl_class(item.set, escaped)) {
        if (!is_punctuation(escaped)) return false;
        add(item.set, static_cast<unsigned char>(escaped));
      }
      at += 2;
    } else if (std::string_view{".()|*+?{}^$"}.find(c) != std::string_view::npos) {
      return false;
    } else {
      add(item.set, static_cast<unsigned char>(c));
      ++at;
    }
    if (at < text.size()) {
      const std::size_t item_end = at;
      switch (text[at]) {
        case '?': item.min = 0, item.max = 1, ++at; break;
        case '*': item.min = 0, item.max = kForever, ++at; break;
        case '+': item.min = 1, item.max = kForever, ++at; break;
        case '{':
          if (!parse_count(text, ++at, item.min, item.max)) return false;
          break;
        default: break;
      }
      // A quantifier behind a quantifier is lazy, possessive or an error: RE2 knows.
      const bool quantified = at != item_end;
      if (quantified && at < text.size() &&
          std::string_view{"?*+{"}.find(text[at]) != std::string_view::npos) {
        return false;
      }
    }
    items.push_back(item);
  }
  // Greedy is the only way to match when whatever can follow a variable repetition is disjoint.
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (items[i].min == items[i].max) continue;
    for (std::size_t next = i + 1; next < items.size(); ++next) {
      if (overlap(items[i].set, items[next].set)) return false;
      if (items[next].min > 0) break;
    }
  }
  return true;
}

bool Pattern::run_simple(std::string_view text) const noexcept {
  const char* at = text.data();
  const char* const end = at + text.size();
  for (const Item& item : items_) {
    std::uint32_t count = 0;
    while (count < item.max && at != end && item.has(static_cast<unsigned char>(*at))) {
      ++count;
      ++at;
    }
    if (count < item.min) return false;
  }
  return at == end;
}

Result<Pattern, PatternError> Pattern::compile(std::string_view expression, std::size_t lanes) {
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(kPatternMemoryMax);
  Pattern pattern;
  pattern.expression_ = expression;
  // RE2 is asked even for what the byte loop will run: it alone decides what is a pattern.
  auto first = std::make_unique<re2::RE2>(re2::StringPiece(expression.data(), expression.size()), options);
  if (!first->ok()) return PatternError{first->error()};
  if (parse_simple(expression, pattern.items_)) return pattern;
  pattern.items_.clear();
  pattern.lanes_.push_back(std::move(first));
  while (pattern.lanes_.size() < lanes) {
    pattern.lanes_.push_back(
        std::make_unique<re2::RE2>(re2::StringPiece(expression.data(), expression.size()), options));
  }
  return pattern;
}

Pattern::Pattern(Pattern&&) noexcept = default;
Pattern& Pattern::operator=(Pattern&&) noexcept = default;
Pattern::~Pattern() = default;

bool Pattern::matches(std::string_view text, std::size_t lane) const noexcept {
  if (is_simple()) return run_simple(text);
  return re2::RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), *lanes_[lane]);
}

}  // namespace core::rules
