#include "core/config/diagnostics.h"

#include <algorithm>
#include <array>
#include <utility>

namespace core::config {
namespace {

constexpr std::size_t kWordMax = 128;  // longer ones are no misspellings
constexpr std::size_t kListedMax = 12;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string lower(std::string_view text) {
  std::string lowered(text);
  for (char& c : lowered) c = lower(c);
  return lowered;
}

/// Damerau-Levenshtein distance (optimal string alignment: neighbours exchanged count one), ASCII
/// case ignored.
std::size_t distance(std::string_view a, std::string_view b) {
  std::array<std::array<std::size_t, kWordMax + 1>, 3> rows{};
  for (std::size_t j = 0; j <= b.size(); ++j) rows[0][j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    auto& row = rows[i % 3];
    const auto& above = rows[(i - 1) % 3];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const bool same = lower(a[i - 1]) == lower(b[j - 1]);
      row[j] = std::min({above[j] + 1, row[j - 1] + 1, above[j - 1] + (same ? 0 : 1)});
      if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) &&
          lower(a[i - 2]) == lower(b[j - 1])) {
        row[j] = std::min(row[j], rows[(i - 2) % 3][j - 2] + 1);
      }
    }
  }
  return rows[a.size() % 3][b.size()];
}

}  // namespace

std::uint32_t Diagnostics::add_file(std::string path, std::string text) {
  File& file = files_.emplace_back();
  file.path = std::move(path);
  file.text = std::move(text);
  file.line_begins.push_back(0);
  for (std::size_t i = 0; i < file.text.size(); ++i) {
    if (file.text[i] == '\n') file.line_begins.push_back(i + 1);
  }
  return static_cast<std::uint32_t>(files_.size() - 1);
}

void Diagnostics::hide(std::uint32_t file, std::size_t begin, std::size_t end) {
  files_[file].hidden.push_back({begin, end});
}

void Diagnostics::add(Diagnostic diagnostic) {
  if (diagnostic.severity == Severity::kError) ++errors_;
  diagnostic.length = std::max<std::size_t>(diagnostic.length, 1);
  if (all_.size() < kKeptMax) {
    all_.push_back(std::move(diagnostic));
  } else {
    ++dropped_;
  }
}

void Diagnostics::error(Mark mark, std::size_t length, std::string message,
                        std::string suggestion) {
  add({Severity::kError, mark, length, std::move(message), std::move(suggestion)});
}

void Diagnostics::warning(Mark mark, std::size_t length, std::string message,
                          std::string suggestion) {
  add({Severity::kWarning, mark, length, std::move(message), std::move(suggestion)});
}

Mark Diagnostics::mark_at(std::uint32_t file, std::size_t offset) const noexcept {
  const std::vector<std::size_t>& begins = files_[file].line_begins;
  offset = std::min(offset, files_[file].text.size());
  const auto next = std::upper_bound(begins.begin(), begins.end(), offset);
  return {file, static_cast<std::uint32_t>(next - begins.begin()),
          static_cast<std::uint32_t>(offset - *(next - 1) + 1)};
}

std::size_t Diagnostics::offset_of(Mark mark) const noexcept {
  const File& file = files_[mark.file];
  if (mark.line == 0 || mark.line > file.line_begins.size()) return file.text.size();
  const std::size_t column = mark.column == 0 ? 0 : mark.column - 1;
  return std::min(file.line_begins[mark.line - 1] + column, file.text.size());
}

bool names_a_secret(std::string_view key) {
  const std::string word = lower(key);
  for (const std::string_view part : {"passw", "passphrase", "secret", "pwd"}) {
    if (word.find(part) != std::string::npos) return true;
  }
  return word == "pass" || word == "bearer" || word == "token" ||
         !nearest(word, {"password"}).empty();
}

std::string_view nearest(std::string_view word, const std::vector<std::string_view>& candidates) {
  if (word.empty() || word.size() > kWordMax) return {};
  std::string_view best;
  std::size_t best_distance = word.size() / 3 + 1;
  for (const std::string_view candidate : candidates) {
    const std::size_t longer = std::max(candidate.size(), word.size());
    const std::size_t shorter = std::min(candidate.size(), word.size());
    if (candidate.empty() || candidate.size() > kWordMax) continue;
    if (longer - shorter >= best_distance) continue;  // the least it can be
    const std::size_t d = distance(word, candidate);
    if (d < best_distance) {
      best = candidate;
      best_distance = d;
    }
  }
  return best;
}

std::string suggest(std::string_view word, const std::vector<std::string_view>& candidates) {
  if (const std::string_view best = nearest(word, candidates); !best.empty()) {
    return "did you mean \"" + std::string(best) + "\"?";
  }
  if (candidates.empty() || candidates.size() > kListedMax) return {};
  std::string listed = "one of: ";
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    if (i != 0) listed += ", ";
    listed += candidates[i];
  }
  return listed;
}

}  // namespace core::config
