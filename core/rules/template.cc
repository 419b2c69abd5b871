#include "core/rules/template.h"

#include <array>
#include <cstring>

#include "core/config/diagnostics.h"
#include "core/rules/evaluation.h"
#include "core/text/text.h"

namespace core::rules {
namespace {

constexpr FilterRow kFilters[] = {
    {"trim", "without white space at both ends", text::trim},
    {"collapse_spaces", "trimmed, inner runs of white space made one space", text::collapse_spaces},
    {"lower", "small letters", text::lower},
    {"upper", "capital letters", text::upper},
    {"title_case", "every word begins with a capital, also after ' and -", text::title_case},
    {"name_case", "a person's name tidied; mixed case is left alone", text::name_case},
};

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return text.substr(text.size());
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::vector<std::string_view> known_names(const claims::NameTable& names) {
  std::vector<std::string_view> known;
  for (claims::NameId id = 0; id < claims::kWellKnownCount; ++id) known.push_back(names.name(id));
  for (const DerivedRow& row : derived_rows()) known.push_back(row.name);
  return known;
}

std::vector<std::string_view> filter_names() {
  std::vector<std::string_view> known;
  for (const FilterRow& row : kFilters) known.push_back(row.name);
  return known;
}

std::size_t offset_in(std::string_view whole, std::string_view part) {
  return static_cast<std::size_t>(part.data() - whole.data());
}

}  // namespace

std::span<const FilterRow> filter_rows() noexcept { return kFilters; }

Result<Subject, TemplateError> parse_subject(std::string_view text, claims::NameTable& names,
                                             std::vector<TemplateError>& remarks) {
  Subject subject;
  std::size_t bar = text.find('|');
  const std::string_view name = trimmed(text.substr(0, bar));
  if (name.empty()) return TemplateError{0, 1, "a claim's name is missing", "write {email}, say"};
  if (const auto derived = find_derived(name)) {
    subject.derived = true;
    subject.id = static_cast<std::uint16_t>(*derived);
  } else if (name.find_first_of(" \t{}\"") != std::string_view::npos) {
    return TemplateError{offset_in(text, name), name.size(),
                         "a claim's name has no blanks, braces or quotation marks", ""};
  } else if (name.find('.') != std::string_view::npos) {
    return TemplateError{offset_in(text, name), name.size(),
                         "unknown derived value \"" + std::string(name) + "\"",
                         config::suggest(name, known_names(names))};
  } else {
    std::string_view attribute;
    const claims::NameId before = static_cast<claims::NameId>(names.size());
    subject.id = names.intern(name);
    if (subject.id == claims::kNoName) {
      return TemplateError{offset_in(text, name), name.size(),
                           "more than " + std::to_string(claims::NameTable::kNamesMax) +
                               " different claims in one configuration",
                           ""};
    }
    if (subject.id >= before && !claims::split_extension(name, attribute)) {
      const std::string_view near = config::nearest(name, known_names(names));
      remarks.push_back({offset_in(text, name), name.size(),
                         "no B2C user flow sends a claim \"" + std::string(name) + "\"",
                         near.empty() ? "custom attributes are named extension_" + std::string(name)
                                      : "did you mean \"" + std::string(near) + "\"?",
                         true});
    }
  }
  while (bar != std::string_view::npos) {
    const std::size_t next = text.find('|', bar + 1);
    const std::string_view word =
        trimmed(text.substr(bar + 1, next == std::string_view::npos ? next : next - bar - 1));
    const FilterRow* found = nullptr;
    for (const FilterRow& row : kFilters) {
      if (row.name == word) found = &row;
    }
    if (found == nullptr) {
      return TemplateError{word.empty() ? bar : offset_in(text, word),
                           word.empty() ? 1 : word.size(),
                           "unknown filter \"" + std::string(word) + "\"",
                           config::suggest(word, filter_names())};
    }
    subject.filters.push_back(found);
    bar = next;
  }
  return subject;
}

Result<Template, TemplateError> Template::parse(std::string_view text, claims::NameTable& names,
                                                std::vector<TemplateError>& remarks) {
  Template parsed;
  std::string literal;
  const auto flush = [&] {
    if (literal.empty()) return;
    parsed.pieces_.push_back({false, literal, {}});
    literal.clear();
  };
  for (std::size_t at = 0; at < text.size();) {
    const char c = text[at];
    if ((c == '{' || c == '}') && at + 1 < text.size() && text[at + 1] == c) {
      literal += c;
      at += 2;
    } else if (c == '}') {
      return TemplateError{at, 1, "\"}\" without a \"{\"", "write }} for the character itself"};
    } else if (c == '{') {
      const std::size_t close = text.find('}', at);
      if (close == std::string_view::npos) {
        return TemplateError{at, 1, "\"{\" without a \"}\"", "write {{ for the character itself"};
      }
      const std::size_t remark_count = remarks.size();
      auto subject = parse_subject(text.substr(at + 1, close - at - 1), names, remarks);
      for (std::size_t i = remark_count; i < remarks.size(); ++i) remarks[i].offset += at + 1;
      if (!subject) {
        TemplateError error = subject.error();
        error.offset += at + 1;
        return error;
      }
      flush();
      parsed.pieces_.push_back({true, {}, std::move(subject).value()});
      at = close + 1;
    } else {
      literal += c;
      ++at;
    }
  }
  flush();
  if (parsed.pieces_.size() > kPiecesMax) {
    return TemplateError{0, 1, "more than " + std::to_string(kPiecesMax) + " pieces in one text", ""};
  }
  if (parsed.pieces_.empty()) parsed.pieces_.push_back({false, {}, {}});
  return parsed;
}

std::string_view Template::render(Evaluation& evaluation, Missing missing,
                                  Values values) const noexcept {
  Arena& arena = evaluation.arena();
  const auto shown = [&](const Piece& piece) -> std::string_view {
    const std::string_view value = evaluation.text_of(piece.subject);
    if (value.data() == nullptr) return value;
    return values == Values::kForAPerson ? show_to_person(value, arena) : value;
  };
  if (pieces_.size() == 1) {
    if (!pieces_[0].is_value) return std::string_view(pieces_[0].text);
    const std::string_view value = shown(pieces_[0]);
    if (value.data() == nullptr && missing == Missing::kIsEmpty && !arena.exhausted()) return "";
    return value;
  }
  // Values may land in the arena themselves, so first all of them, then one copy of the whole.
  std::array<std::string_view, kPiecesMax> parts;
  std::size_t size = 0;
  for (std::size_t i = 0; i < pieces_.size(); ++i) {
    parts[i] = pieces_[i].is_value ? shown(pieces_[i]) : pieces_[i].text;
    if (parts[i].data() == nullptr && (missing == Missing::kFails || arena.exhausted())) return {};
    size += parts[i].size();
  }
  char* const out = arena.allocate(size);
  if (out == nullptr) return {};
  char* at = out;
  for (std::size_t i = 0; i < pieces_.size(); ++i) {
    if (!parts[i].empty()) std::memcpy(at, parts[i].data(), parts[i].size());
    at += parts[i].size();
  }
  return {out, size};
}

std::string_view show_to_person(std::string_view value, Arena& arena,
                                std::size_t shown_max) noexcept {
  bool plain = value.size() <= shown_max;
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    plain = plain && byte >= 0x20 && byte < 0x7f && c != '<' && c != '>';
  }
  if (plain) return value;
  constexpr std::size_t kGrowth = 3;  // '<' becomes three bytes
  const std::size_t room = value.size() * kGrowth;
  char* const out = arena.allocate(room);
  if (out == nullptr) return {};
  char* at = out;
  std::size_t shown = 0;
  for (std::size_t i = 0; i < value.size() && shown < shown_max;) {
    const auto lead = static_cast<unsigned char>(value[i]);
    std::size_t size = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    if (size > value.size() - i) size = value.size() - i;
    const std::string_view point = value.substr(i, size);
    i += size;
    const bool c1_control = size == 2 && lead == 0xc2 && static_cast<unsigned char>(point[1]) < 0xa0;
    // U+202A to U+202E and U+2066 to U+2069, and the marks U+200E and U+200F.
    const bool direction =
        size == 3 && (point.substr(0, 2) == "\xe2\x80" || point.substr(0, 2) == "\xe2\x81") &&
        ((point[1] == '\x80' && ((point[2] >= '\xaa' && point[2] <= '\xae') || point[2] == '\x8e' || point[2] == '\x8f')) ||
         (point[1] == '\x81' && point[2] >= '\xa6' && point[2] <= '\xa9'));
    if (lead < 0x20 || lead == 0x7f || c1_control || direction) continue;
    const std::string_view written = lead == '<' ? "\u2039" : lead == '>' ? "\u203a" : point;
    std::memcpy(at, written.data(), written.size());
    at += written.size();
    ++shown;
  }
  const auto size = static_cast<std::size_t>(at - out);
  arena.give_back(room - size);
  return {out, size};
}

}  // namespace core::rules
