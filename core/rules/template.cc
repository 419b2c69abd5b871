#include "core/rules/template.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

#include "core/config/diagnostics.h"
#include "core/rules/evaluation.h"
#include "core/rules/filters.h"
#include "core/text/country.h"
#include "core/text/phone.h"
#include "core/text/text.h"

namespace core::rules {
namespace {

constexpr std::size_t kPathStepsMax = 16;

std::vector<std::string_view> known_names(const claims::NameTable& names) {
  std::vector<std::string_view> known;
  for (claims::NameId id = 0; id < claims::kWellKnownCount; ++id) known.push_back(names.name(id));
  for (const config::DerivedName& row : config::kDerivedNames) known.push_back(row.name);
  return known;
}

std::size_t offset_in(std::string_view whole, std::string_view part) {
  return static_cast<std::size_t>(part.data() - whole.data());
}

TemplateError too_many_names(std::size_t offset, std::size_t length) {
  return {offset, length,
          "more than " + std::to_string(claims::NameTable::kNamesMax) +
              " different claims in one configuration",
          ""};
}

void add_read(Subject& subject, claims::NameId id) {
  if (std::find(subject.reads.begin(), subject.reads.end(), id) == subject.reads.end()) {
    subject.reads.push_back(id);
  }
}

/// Whether "first.rest" is meant as a derived value: its family is one, or its first part is a claim
/// without members, or the whole looks like one of them.
bool means_derived(std::string_view name, std::string_view first) {
  std::vector<std::string_view> rows;
  for (const config::DerivedName& row : config::kDerivedNames) {
    rows.push_back(row.name);
    const std::size_t dot = row.name.find('.');
    if (dot != std::string_view::npos && row.name.substr(0, dot) == first) return true;
  }
  return !config::nearest(name, rows).empty();
}

/// Reads what stands behind a claim's name: ".member", "[0]", ".any", ".all".
std::optional<TemplateError> parse_path(std::string_view whole, std::string_view text,
                                        Subject& subject) {
  const auto error = [&](std::size_t size, std::string message, std::string suggestion) {
    return TemplateError{offset_in(whole, text), std::max<std::size_t>(size, 1),
                         std::move(message), std::move(suggestion)};
  };
  while (!text.empty()) {
    PathStep step;
    if (text.front() == '[') {
      const std::size_t close = text.find(']');
      const std::string_view digits = text.substr(1, close == std::string_view::npos ? 0 : close - 1);
      const auto [stop, ec] =
          std::from_chars(digits.data(), digits.data() + digits.size(), step.index);
      if (close == std::string_view::npos || digits.empty() || ec != std::errc{} ||
          stop != digits.data() + digits.size()) {
        return error(text.size(), "expected the number of an item in brackets", "as in identities[0]");
      }
      step.kind = PathStep::Kind::kIndex;
      text.remove_prefix(close + 1);
    } else if (text.front() == '.') {
      text.remove_prefix(1);
      const std::size_t end = std::min(text.find_first_of(".["), text.size());
      const std::string_view name = text.substr(0, end);
      if (name.empty()) return error(1, "the name of a member is missing", "as in address.city");
      if (name == "any" || name == "all") {
        if (subject.of != Subject::Of::kOne) {
          return error(end, "a second \"any\" or \"all\" in one name", "write one of them");
        }
        subject.of = name == "any" ? Subject::Of::kAny : Subject::Of::kAll;
        step.kind = PathStep::Kind::kEach;
      } else {
        step.name = name;
      }
      text.remove_prefix(end);
    } else {
      return error(text.size(), "expected \".\" or \"[\" here", "as in identities[0].issuer");
    }
    if (subject.path.size() == kPathStepsMax) {
      return error(text.size(), "more than " + std::to_string(kPathStepsMax) + " steps into a claim",
                   "");
    }
    subject.path.push_back(std::move(step));
  }
  return std::nullopt;
}

/// Reads the name in front of the filters.
std::optional<TemplateError> parse_source(std::string_view text, std::string_view name,
                                          Vocabulary vocabulary, Subject& subject,
                                          std::vector<TemplateError>& remarks) {
  claims::NameTable& names = vocabulary.names;
  if (const auto derived = find_derived(name)) {
    if (*derived == Derived::kCountryCode || *derived == Derived::kPhoneE164) {
      static_cast<void>(text::load_countries());  // now, and not with the first request
      if (*derived == Derived::kPhoneE164) static_cast<void>(text::load_phones());
    }
    subject.derived = subject.computed = true;
    subject.id = static_cast<std::uint16_t>(*derived);
    for (const std::string_view read : config::kDerivedNames[subject.id].reads) {
      const claims::NameId id = names.intern(read);
      if (id == claims::kNoName) return too_many_names(offset_in(text, name), name.size());
      subject.own.push_back(id);
      add_read(subject, id);
    }
    return std::nullopt;
  }
  if (name.find_first_of(" \t{}\"") != std::string_view::npos) {
    return TemplateError{offset_in(text, name), name.size(),
                         "a claim's name has no blanks, braces or quotation marks", ""};
  }
  const std::size_t end = std::min(name.find_first_of(".["), name.size());
  const std::string_view claim = name.substr(0, end);
  const claims::NameId known = names.find(claim);
  const bool textual = known < claims::kWellKnownCount && known != claims::kIdentities;
  const bool of_identities =
      known == claims::kIdentities &&
      (name.substr(end).starts_with('[') || name.substr(end).starts_with(".any") ||
       name.substr(end).starts_with(".all"));
  if (end != name.size() && !of_identities && (textual || means_derived(name, claim))) {
    return TemplateError{offset_in(text, name), name.size(),
                         "unknown derived value \"" + std::string(name) + "\"",
                         config::suggest(name, known_names(names))};
  }
  if (claim.empty()) {
    return TemplateError{offset_in(text, name), name.size(), "a claim's name is missing",
                         "as in address.city"};
  }
  std::string_view attribute;
  const auto before = static_cast<claims::NameId>(names.size());
  subject.id = names.intern(claim);
  if (subject.id == claims::kNoName) return too_many_names(offset_in(text, name), name.size());
  add_read(subject, subject.id);
  if (subject.id >= before && !vocabulary.free_names && !claims::split_extension(claim, attribute)) {
    const std::string_view near = config::nearest(claim, known_names(names));
    remarks.push_back({offset_in(text, claim), claim.size(),
                       "no B2C user flow sends a claim \"" + std::string(claim) + "\"",
                       near.empty() ? "custom attributes are named extension_" + std::string(claim)
                                    : "did you mean \"" + std::string(near) + "\"?",
                       true});
  }
  subject.computed = end != name.size();
  return parse_path(text, name.substr(end), subject);
}

}  // namespace

Result<Subject, TemplateError> parse_subject(std::string_view text, Vocabulary vocabulary,
                                             std::vector<TemplateError>& remarks) {
  Subject subject;
  std::size_t bar = find_unquoted(text, '|', 0);
  const std::string_view name = core::text::trim_blanks(text.substr(0, bar));
  if (name.empty()) return TemplateError{0, 1, "a claim's name is missing", "write {email}, say"};
  if (auto error = parse_source(text, name, vocabulary, subject, remarks)) {
    return std::move(*error);
  }
  while (bar != std::string_view::npos) {
    const std::size_t next = find_unquoted(text, '|', bar + 1);
    const std::string_view word =
        core::text::trim_blanks(text.substr(bar + 1, next == std::string_view::npos ? next : next - bar - 1));
    const std::size_t offset = word.empty() ? bar : offset_in(text, word);
    auto filter = parse_filter(word, offset, vocabulary, remarks);
    if (!filter) return filter.error();
    FilterUse use = std::move(filter).value();
    if (use.row->name == "join" && subject.filters.empty()) subject.of = Subject::Of::kOne;
    for (const Subject& argument : use.subjects) {
      for (const claims::NameId read : argument.reads) add_read(subject, read);
    }
    subject.filters.push_back(std::move(use));
    subject.computed = true;
    bar = next;
  }
  return subject;
}

Result<Template, TemplateError> Template::parse(std::string_view text, Vocabulary vocabulary,
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
      const std::size_t close = find_unquoted(text, '}', at + 1);
      if (close == std::string_view::npos) {
        return TemplateError{at, 1, "\"{\" without a \"}\"", "write {{ for the character itself"};
      }
      const std::size_t remark_count = remarks.size();
      const std::string_view inside = text.substr(at + 1, close - at - 1);
      auto subject = parse_subject(inside, vocabulary, remarks);
      for (std::size_t i = remark_count; i < remarks.size(); ++i) remarks[i].offset += at + 1;
      if (!subject) {
        TemplateError error = subject.error();
        error.offset += at + 1;
        return error;
      }
      if (subject.value().of != Subject::Of::kOne) {
        return TemplateError{at + 1, inside.size(), "several values where one text is needed",
                             "write | join(', ') behind it, or identities[0]"};
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

claims::Kind Template::kind() const noexcept {
  if (pieces_.size() != 1 || !pieces_[0].is_value || pieces_[0].subject.filters.empty()) {
    return claims::Kind::kString;
  }
  return pieces_[0].subject.filters.back().row->makes;
}

std::vector<claims::NameId> Template::reads() const {
  std::vector<claims::NameId> all;
  for (const Piece& piece : pieces_) {
    all.insert(all.end(), piece.subject.reads.begin(), piece.subject.reads.end());
  }
  return all;
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
