#include "core/rules/required_literals.h"

#include <re2/filtered_re2.h>
#include <re2/re2.h>

#include <algorithm>
#include <cstring>

namespace core::rules {
namespace {

constexpr std::size_t kLiteralsMax = 64;  // more are no good filter

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 128; });
}

}  // namespace

std::vector<std::string> required_literals(std::string_view expression, std::size_t bytes_min) {
  // RE2 knows what its patterns need (its "prefilter"), as a formula over literals that it keeps to
  // itself. Asking it about sets of literals tells what of it we want.
  re2::RE2::Options options;
  options.set_log_errors(false);
  re2::FilteredRE2 filter(static_cast<int>(bytes_min));
  int id = 0;
  if (filter.Add(re2::StringPiece(expression.data(), expression.size()), options, &id) !=
      re2::RE2::NoError) {
    return {};
  }
  std::vector<std::string> literals;
  filter.Compile(&literals);
  if (literals.empty() || literals.size() > kLiteralsMax) return {};
  const auto can_match_without = [&](std::size_t missing) {
    std::vector<int> present;
    for (std::size_t i = 0; i < literals.size() && missing != literals.size(); ++i) {
      if (i != missing) present.push_back(static_cast<int>(i));
    }
    std::vector<int> possible;
    filter.AllPotentials(present, &possible);
    return !possible.empty();
  };
  if (can_match_without(literals.size())) return {};  // without any of them
  const std::string* longest = nullptr;
  for (std::size_t i = 0; i < literals.size(); ++i) {
    if (is_ascii(literals[i]) && (longest == nullptr || literals[i].size() > longest->size()) &&
        !can_match_without(i)) {
      longest = &literals[i];
    }
  }
  if (longest != nullptr) return {*longest};
  if (!std::all_of(literals.begin(), literals.end(), is_ascii)) return {};
  return literals;
}

bool has_odd_case(std::string_view text) noexcept {
  if (text.empty()) return false;
  constexpr std::string_view kKelvin = "\xE2\x84\xAA", kDotted = "\xC4\xB0";
  for (const std::string_view odd : {kKelvin, kDotted}) {
    // memchr first: most texts have no such byte at all.
    if (std::memchr(text.data(), odd[0], text.size()) != nullptr &&
        text.find(odd) != std::string_view::npos) {
      return true;
    }
  }
  return false;
}

}  // namespace core::rules
