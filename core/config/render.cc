// How diagnostics are printed. The excerpt of a configuration is the one place where a password
// that somebody wrote into the file could reach a terminal or a log of ours, so a line is cut into
// cells first (a character, or a mask), and only cells are printed.
#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "core/config/diagnostics.h"

namespace core::config {
namespace {

constexpr std::size_t kExcerptCells = 100;  // wider lines are cut around the mark
constexpr std::string_view kMask = "****";
constexpr std::string_view kCut = "...";

struct Span {
  std::size_t begin, end;
};

/// What is printed for one character of the line, and the byte of the file it stands for.
struct Cell {
  std::string_view shown;
  std::size_t offset;
};

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-';
}

/// The length of the UTF-8 sequence that begins at `at`; 0 for bytes that begin none and for
/// control characters, C1 included, which could steer a terminal.
std::size_t printable_length(std::string_view text, std::size_t at) {
  const auto byte = static_cast<unsigned char>(text[at]);
  if (byte < 0x20 || byte == 0x7f) return 0;
  if (byte < 0x80) return 1;
  const std::size_t size = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc2 ? 2 : 0;
  if (size == 0 || byte > 0xf4 || at + size > text.size()) return 0;
  for (std::size_t i = 1; i < size; ++i) {
    if ((static_cast<unsigned char>(text[at + i]) & 0xc0) != 0x80) return 0;
  }
  if (byte == 0xc2 && static_cast<unsigned char>(text[at + 1]) < 0xa0) return 0;
  return size;
}

void append_printable(std::string_view text, std::string& out) {
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t size = printable_length(text, i);
    if (size == 0) {
      out += text[i] == '\t' || text[i] == '\n' ? ' ' : '?';
      ++i;
    } else {
      out += text.substr(i, size);
      i += size;
    }
  }
}

/// True when `value` is made of ${env:} and ${file:} alone: those may be seen.
bool is_reference(std::string_view value) {
  if (value.size() >= 2 && (value.front() == '"' || value.front() == '\'') &&
      value.back() == value.front()) {
    value = value.substr(1, value.size() - 2);
  }
  if (value.empty()) return false;
  while (!value.empty()) {
    if (!value.starts_with("${env:") && !value.starts_with("${file:")) return false;
    const std::size_t close = value.find('}');
    if (close == std::string_view::npos) return false;
    value.remove_prefix(close + 1);
  }
  return true;
}

/// Where the value that begins at `at` ends, as far as one line tells. `flow`: the line has an open
/// bracket before it, so a plain value ends at a comma or a closing bracket.
std::size_t value_end(std::string_view line, std::size_t at, bool flow) {
  if (at < line.size() && (line[at] == '"' || line[at] == '\'')) {
    for (std::size_t i = at + 1; i < line.size(); ++i) {
      if (line[i] == '\\' && line[at] == '"') {
        ++i;
      } else if (line[i] == line[at]) {
        return i + 1;
      }
    }
    return line.size();
  }
  std::size_t end = line.size();
  if (flow) {
    for (std::size_t i = at, braces = 0; i < line.size(); ++i) {
      if (line[i] == '{') ++braces;  // of ${env:NAME}
      if (line[i] == ',' || line[i] == ']' || (line[i] == '}' && braces-- == 0)) {
        end = i;
        break;
      }
    }
  }
  while (end > at && is_blank(line[end - 1])) --end;
  return end;
}

/// What stands behind the keys of this line that name a secret. Works on the bare text, so that it
/// also covers files that are no YAML.
void add_secrets_of_line(std::string_view line, std::size_t line_begin, std::vector<Span>& spans) {
  for (std::size_t i = 0; i < line.size();) {
    if (!is_word(line[i])) {
      ++i;
      continue;
    }
    const std::size_t word = i;
    while (i < line.size() && is_word(line[i])) ++i;
    std::size_t colon = i;
    const bool quoted = colon < line.size() && (line[colon] == '"' || line[colon] == '\'');
    if (quoted) ++colon;
    while (colon < line.size() && is_blank(line[colon])) ++colon;
    if (colon >= line.size() || (line[colon] != ':' && line[colon] != '=')) continue;
    if (!names_a_secret(line.substr(word, i - word))) continue;
    std::size_t value = colon + 1;
    while (value < line.size() && is_blank(line[value])) ++value;
    const bool flow = line.substr(0, word).find_first_of("{[") != std::string_view::npos;
    const std::size_t end = value_end(line, value, flow);
    if (value < end && !is_reference(line.substr(value, end - value))) {
      spans.push_back({line_begin + value, line_begin + end});
    }
    i = std::max(i, end);
  }
}

std::size_t indentation(std::string_view line) {
  std::size_t blanks = 0;
  while (blanks < line.size() && is_blank(line[blanks])) ++blanks;
  return blanks;
}

std::string_view without_blanks_behind(std::string_view line) {
  while (!line.empty() && is_blank(line.back())) line.remove_suffix(1);
  return line;
}

/// True when the value is on a line of its own below the key: `password:` or `password: |`.
bool opens_secret(std::string_view line) {
  line = without_blanks_behind(line);
  while (!line.empty() &&
         std::string_view("|>-+0123456789 ").find(line.back()) != std::string_view::npos) {
    line.remove_suffix(1);
  }
  if (line.empty() || line.back() != ':') return false;
  line.remove_suffix(1);
  if (!line.empty() && (line.back() == '"' || line.back() == '\'')) line.remove_suffix(1);
  std::size_t begin = line.size();
  while (begin > 0 && is_word(line[begin - 1])) --begin;
  return names_a_secret(line.substr(begin));
}

std::vector<Cell> cells_of(std::string_view line, std::size_t line_begin,
                           const std::vector<Span>& secrets) {
  std::vector<Cell> cells;
  for (std::size_t i = 0; i < line.size();) {
    const std::size_t offset = line_begin + i;
    std::size_t masked_to = 0;
    for (const Span& s : secrets) {
      if (s.begin <= offset && offset < s.end) masked_to = std::max(masked_to, s.end);
    }
    if (masked_to != 0) {
      for (std::size_t k = 0; k < kMask.size(); ++k) cells.push_back({kMask.substr(k, 1), offset});
      i = std::min(masked_to - line_begin, line.size());
      continue;
    }
    const std::size_t size = printable_length(line, i);
    cells.push_back({size != 0 ? line.substr(i, size) : line[i] == '\t' ? " " : "?", offset});
    i += std::max<std::size_t>(size, 1);
  }
  return cells;
}

}  // namespace

void Diagnostics::render_excerpt(const Diagnostic& diagnostic, std::string& out) const {
  const File& file = files_[diagnostic.mark.file];
  const auto line_at = [&file](std::size_t index) {
    const std::size_t begin = file.line_begins[index];
    const std::size_t end =
        index + 1 < file.line_begins.size() ? file.line_begins[index + 1] - 1 : file.text.size();
    std::string_view line = std::string_view(file.text).substr(begin, end - begin);
    if (line.ends_with('\r')) line.remove_suffix(1);
    return line;
  };
  const std::size_t index =
      std::min<std::size_t>(diagnostic.mark.line, file.line_begins.size()) - 1;
  const std::size_t line_begin = file.line_begins[index];
  const std::string_view line = line_at(index);

  std::vector<Span> secrets;
  for (const Range& r : file.hidden) {
    if (r.begin < line_begin + line.size() && r.end > line_begin)
      secrets.push_back({r.begin, r.end});
  }
  add_secrets_of_line(line, line_begin, secrets);
  for (std::size_t above = index; above-- > 0;) {  // the line this one belongs to
    const std::string_view candidate = line_at(above);
    if (without_blanks_behind(candidate).empty()) continue;
    if (indentation(candidate) >= indentation(line)) continue;
    if (opens_secret(candidate)) secrets.push_back({line_begin, line_begin + line.size()});
    break;
  }

  const std::vector<Cell> cells = cells_of(line, line_begin, secrets);
  std::size_t at = offset_of(diagnostic.mark);
  for (const Span& s : secrets) {
    if (s.begin <= at && at < s.end) at = std::max(s.begin, line_begin);
  }
  const std::size_t to =
      std::min(offset_of(diagnostic.mark) + diagnostic.length, line_begin + line.size());
  std::size_t marked = 0;
  while (marked < cells.size() && cells[marked].offset < at) ++marked;
  std::size_t marked_end = marked;
  while (marked_end < cells.size() && cells[marked_end].offset < to) ++marked_end;
  marked_end = std::max(marked_end, marked + 1);

  std::size_t first = 0;
  std::size_t last = cells.size();
  if (cells.size() > kExcerptCells) {
    if (marked > kExcerptCells / 2) first = marked - kExcerptCells / 2;
    first = std::min(first, cells.size() - kExcerptCells);
    last = first + kExcerptCells;
    marked_end = std::min(marked_end, std::max(last, marked + 1));
  }

  const std::string number = std::to_string(diagnostic.mark.line);
  const std::size_t width = std::max<std::size_t>(number.size(), 5);
  out.append(width - number.size(), ' ').append(number).append(" |");
  if (first < last) out += ' ';
  if (first != 0) out += kCut;
  for (std::size_t i = first; i < last; ++i) out += cells[i].shown;
  if (last != cells.size()) out += kCut;
  while (out.back() == ' ') out.pop_back();
  out += '\n';
  out.append(width, ' ').append(" | ");
  out.append(marked - first + (first != 0 ? kCut.size() : 0), ' ').append("^");
  out.append(marked_end - marked - 1, '~');
  if (!diagnostic.suggestion.empty()) {
    out += ' ';
    append_printable(diagnostic.suggestion, out);
  }
  out += '\n';
}

std::string Diagnostics::render() const {
  std::vector<const Diagnostic*> sorted;
  sorted.reserve(all_.size());
  for (const Diagnostic& d : all_) sorted.push_back(&d);
  std::stable_sort(sorted.begin(), sorted.end(), [](const Diagnostic* a, const Diagnostic* b) {
    const bool a_placed = a->mark.line != 0;
    const bool b_placed = b->mark.line != 0;
    if (a_placed != b_placed) return b_placed;
    if (!a_placed) return false;
    if (a->mark.file != b->mark.file) return a->mark.file < b->mark.file;
    if (a->mark.line != b->mark.line) return a->mark.line < b->mark.line;
    return a->mark.column < b->mark.column;
  });

  std::string out;
  const Diagnostic* previous = nullptr;
  for (const Diagnostic* d : sorted) {
    if (previous != nullptr && previous->mark.file == d->mark.file &&
        previous->mark.line == d->mark.line && previous->mark.column == d->mark.column &&
        previous->message == d->message) {
      continue;  // an alias brings the same value to several places
    }
    previous = d;
    const bool placed = d->mark.line != 0 && d->mark.file < files_.size();
    if (placed) {
      append_printable(files_[d->mark.file].path, out);
      out.append(":").append(std::to_string(d->mark.line));
      out.append(":").append(std::to_string(d->mark.column)).append(": ");
    }
    out += d->severity == Severity::kError ? "error: " : "warning: ";
    append_printable(d->message, out);
    out += '\n';
    if (placed) {
      render_excerpt(*d, out);
    } else if (!d->suggestion.empty()) {
      out += "  ";
      append_printable(d->suggestion, out);
      out += '\n';
    }
  }
  if (dropped_ != 0) out += "and " + std::to_string(dropped_) + " more\n";
  return out;
}

}  // namespace core::config
