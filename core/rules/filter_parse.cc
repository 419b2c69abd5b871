// Filters as they are written: a name, and perhaps arguments. What can be prepared is prepared here.
#include <re2/re2.h>

#include <array>
#include <charconv>
#include <cstring>

#include "core/config/diagnostics.h"
#include "core/rules/filters.h"
#include "core/text/country.h"
#include "core/text/phone.h"
#include "core/text/text.h"
#include "core/text/transforms.h"

namespace core::rules {
namespace {

constexpr std::int64_t kReplacementMemoryMax = 4 << 20;  // bytes of automaton a pattern and lane

/// Reads the argument `text`, which stands at `offset`. Empty after saying what is wrong with it.
Result<FilterArgument, TemplateError> parse_argument(std::string_view text, std::size_t offset) {
  FilterArgument argument;
  if (text.empty()) {
    return TemplateError{offset, 1, "an argument is missing", "write 'text', a number or a claim"};
  }
  const char quote = text.front();
  if (quote == '\'' || quote == '"') {
    std::size_t at = 1;
    for (; at < text.size(); ++at) {
      if (text[at] != quote) {
        argument.text += text[at];
      } else if (at + 1 < text.size() && text[at + 1] == quote) {
        argument.text += text[at++];
      } else {
        break;
      }
    }
    if (at + 1 != text.size()) {
      return TemplateError{offset, text.size(), "a text in quotation marks that does not end here",
                           "double the quotation mark that is a part of the text"};
    }
    return argument;
  }
  argument.text = text;
  const auto [stop, ec] =
      std::from_chars(text.data(), text.data() + text.size(), argument.number);
  if (stop == text.data() + text.size() && ec == std::errc{}) {
    argument.kind = FilterArgument::Kind::kNumber;
  } else if ((text.front() >= '0' && text.front() <= '9') || text.front() == '-') {
    return TemplateError{offset, text.size(), "no whole number", "write 0, 5 or -1"};
  } else {
    argument.kind = FilterArgument::Kind::kName;
  }
  return argument;
}

using Kind = FilterArgument::Kind;

/// Whether the arguments are what the filter takes.
bool fit(FilterTakes takes, const std::vector<FilterArgument>& arguments) {
  const auto are = [&](std::initializer_list<Kind> kinds, std::size_t least) {
    if (arguments.size() < least || arguments.size() > kinds.size()) return false;
    for (std::size_t i = 0; i < arguments.size(); ++i) {
      if (arguments[i].kind != kinds.begin()[i]) return false;
    }
    return true;
  };
  switch (takes) {
    case FilterTakes::kNothing: return arguments.empty();
    case FilterTakes::kText: return are({Kind::kText}, 1);
    case FilterTakes::kOptionText: return are({Kind::kText}, 0);
    case FilterTakes::kTwoTexts:
    case FilterTakes::kPattern: return are({Kind::kText, Kind::kText}, 2);
    case FilterTakes::kNumber: return are({Kind::kNumber}, 1);
    case FilterTakes::kNumbers: return are({Kind::kNumber, Kind::kNumber}, 1);
    case FilterTakes::kTextNumber: return are({Kind::kText, Kind::kNumber}, 2);
    case FilterTakes::kNumberText: return are({Kind::kNumber, Kind::kText}, 1);
    case FilterTakes::kTable: return are({Kind::kName, Kind::kText}, 1);
    case FilterTakes::kRegion: return are({Kind::kText}, 0) || are({Kind::kName}, 0);
    case FilterTakes::kNames:
      for (const FilterArgument& argument : arguments) {
        if (argument.kind != Kind::kName) return false;
      }
      return !arguments.empty();
  }
  return false;
}

/// What is wrong with the values of arguments that are of the right kinds; empty when nothing is.
std::string wrong_value(const FilterRow& row, const std::vector<FilterArgument>& arguments) {
  if (row.name == "substring" && arguments.size() > 1 && arguments[1].number < 0) {
    return "a number of characters is not negative";
  }
  if (row.name == "split" && arguments[0].text.empty()) return "a separator is not empty";
  if (row.name == "format_number" &&
      (arguments[0].number < 0 || arguments[0].number > text::kDecimalsMax)) {
    return "decimals are 0 to " + std::to_string(text::kDecimalsMax);
  }
  if (row.name == "pad_left") {
    if (arguments[0].number < 0 ||
        arguments[0].number > static_cast<std::int64_t>(text::kPadWidthMax)) {
      return "a width is 0 to " + std::to_string(text::kPadWidthMax);
    }
    if (arguments.size() > 1 &&
        (arguments[1].text.size() != 1 || !text::is_ascii(arguments[1].text))) {
      return "what fills up is one ASCII character";
    }
  }
  if (row.takes == FilterTakes::kRegion && !arguments.empty() && arguments[0].kind == Kind::kText &&
      (arguments[0].text.size() != 2 || text::country_code(arguments[0].text).empty())) {
    return "\"" + arguments[0].text + "\" is no ISO 3166-1 code of a country";
  }
  return {};
}

}  // namespace

std::size_t find_unquoted(std::string_view text, char wanted, std::size_t at) noexcept {
  char quote = 0;
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (quote != 0) {
      if (c == quote) quote = 0;
    } else if (c == wanted) {
      return at;
    } else if (c == '\'' || c == '"') {
      quote = c;
    }
  }
  return std::string_view::npos;
}

Result<FilterUse, TemplateError> parse_filter(std::string_view text, std::size_t offset,
                                              Vocabulary vocabulary,
                                              std::vector<TemplateError>& remarks) {
  const std::size_t open = text.find('(');
  const std::string_view name = core::text::trim_blanks(text.substr(0, open));
  FilterUse use;
  std::vector<std::string_view> known;
  for (const FilterRow& row : filter_rows()) {
    known.push_back(row.name);
    if (row.name == name) use.row = &row;
  }
  if (use.row == nullptr) {
    return TemplateError{offset, std::max<std::size_t>(name.size(), 1),
                         "unknown filter \"" + std::string(name) + "\"",
                         config::suggest(name, known)};
  }
  const FilterRow& row = *use.row;
  const std::string usage = "write " + std::string(row.usage);
  std::vector<std::size_t> offsets;
  if (open != std::string_view::npos) {
    const std::size_t close = find_unquoted(text, ')', open + 1);
    if (close == std::string_view::npos) {
      return TemplateError{offset + open, 1, "\"(\" without a \")\"", usage};
    }
    if (const std::string_view behind = core::text::trim_blanks(text.substr(close + 1)); !behind.empty()) {
      return TemplateError{offset + close + 1, text.size() - close - 1,
                           "expected \"|\" behind a filter", usage};
    }
    const std::string_view inside = text.substr(0, close);
    for (std::size_t begin = open + 1; !core::text::trim_blanks(text.substr(open + 1, close - open - 1)).empty();) {
      const std::size_t comma = find_unquoted(inside, ',', begin);
      const std::size_t end = std::min(comma, close);
      const std::string_view written = core::text::trim_blanks(text.substr(begin, end - begin));
      const std::size_t at = offset + static_cast<std::size_t>(written.data() - text.data());
      auto argument = parse_argument(written, at);
      if (!argument) return argument.error();
      use.arguments.push_back(std::move(argument).value());
      offsets.push_back(at);
      if (comma == std::string_view::npos) break;
      begin = comma + 1;
    }
  }
  if (!fit(row.takes, use.arguments)) {
    return TemplateError{offset, std::max<std::size_t>(text.size(), 1),
                         row.takes == FilterTakes::kNothing
                             ? "\"" + std::string(row.name) + "\" takes no arguments"
                             : "not the arguments that \"" + std::string(row.name) + "\" takes",
                         usage};
  }
  if (std::string wrong = wrong_value(row, use.arguments); !wrong.empty()) {
    return TemplateError{offset, text.size(), std::move(wrong), usage};
  }
  if (row.takes == FilterTakes::kRegion || row.name.starts_with("country_")) {
    static_cast<void>(text::load_countries());  // now, and not with the first request
    if (row.name == "e164") static_cast<void>(text::load_phones());
  }
  if (row.takes == FilterTakes::kRegion && use.arguments.empty()) {
    use.arguments.push_back({Kind::kName, "country", 0});
    offsets.push_back(offset);
  }
  if (row.takes == FilterTakes::kPattern) {
    if (std::string wrong = Replacement::compile(use.arguments[0].text, use.arguments[1].text,
                                                 vocabulary.lanes, use.replacement);
        !wrong.empty()) {
      return TemplateError{offsets[0], use.arguments[0].text.size() + 2, std::move(wrong),
                           "RE2 syntax; no look-around, no back-references"};
    }
  }
  if (row.takes == FilterTakes::kTable) {
    const std::string& table = use.arguments[0].text;
    const ValueTables none;
    const ValueTables& tables = vocabulary.tables != nullptr ? *vocabulary.tables : none;
    const auto found = tables.find(table);
    if (found == tables.end()) {
      std::vector<std::string_view> names;
      for (const auto& [other, rows] : tables) names.push_back(other);
      return TemplateError{
          offsets[0], table.size(), "unknown table \"" + table + "\"",
          names.empty() ? "no `tables` are defined" : config::suggest(table, names)};
    }
    use.table = found->second;
    return use;
  }
  for (std::size_t i = 0; i < use.arguments.size(); ++i) {
    if (use.arguments[i].kind != Kind::kName) continue;
    const std::size_t remark_count = remarks.size();
    auto subject = parse_subject(use.arguments[i].text, vocabulary, remarks);
    for (std::size_t r = remark_count; r < remarks.size(); ++r) remarks[r].offset += offsets[i];
    if (!subject) {
      TemplateError error = subject.error();
      error.offset += offsets[i];
      return error;
    }
    if (subject.value().of != Subject::Of::kOne) {
      return TemplateError{offsets[i], use.arguments[i].text.size(),
                           "several values where one is needed", "write identities[0].issuer, say"};
    }
    use.subjects.push_back(std::move(subject).value());
  }
  return use;
}

Replacement::Replacement() = default;
Replacement::~Replacement() = default;

std::string Replacement::compile(std::string_view pattern, std::string_view by, std::size_t lanes,
                                 std::shared_ptr<const Replacement>& out) {
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(kReplacementMemoryMax);
  std::shared_ptr<Replacement> replacement(new Replacement);
  do {
    auto compiled = std::make_unique<re2::RE2>(re2::StringPiece(pattern.data(), pattern.size()),
                                               options);
    if (!compiled->ok()) return "not a pattern: " + compiled->error();
    replacement->lanes_.push_back(std::move(compiled));
  } while (replacement->lanes_.size() < lanes);
  const int groups = replacement->lanes_[0]->NumberOfCapturingGroups();
  Part part;
  const auto flush = [&] {
    if (!part.text.empty()) replacement->parts_.push_back(part);
    part = {};
  };
  for (std::size_t i = 0; i < by.size(); ++i) {
    if (by[i] != '\\') {
      part.text += by[i];
      continue;
    }
    ++i;
    if (i < by.size() && by[i] == '\\') {
      part.text += '\\';
    } else if (i < by.size() && by[i] >= '0' && by[i] <= '9') {
      const int group = by[i] - '0';
      if (group > groups) {
        return "the pattern has no group " + std::to_string(group);
      }
      flush();
      replacement->parts_.push_back({group, {}});
      replacement->groups_ = std::max(replacement->groups_, group + 1);
    } else {
      return "\"\\\" in a replacement stands before 0 to 9 or another \"\\\"";
    }
  }
  flush();
  out = std::move(replacement);
  return {};
}

std::string_view Replacement::apply(std::string_view text, std::size_t lane,
                                    Arena& arena) const noexcept {
  const re2::RE2& pattern = *lanes_[lane < lanes_.size() ? lane : 0];
  std::array<re2::StringPiece, kGroupsMax> groups;
  const re2::StringPiece whole(text.data(), text.size());
  // Two passes over the matches: how long it becomes, then the text itself.
  char* out = nullptr;
  std::size_t size = 0;
  for (const bool writing : {false, true}) {
    std::size_t at = 0, from = 0;
    bool any = false;
    const auto put = [&](std::string_view bytes) {
      if (writing && !bytes.empty()) std::memcpy(out + at, bytes.data(), bytes.size());
      at += bytes.size();
    };
    const char* last_end = nullptr;
    std::size_t start = 0;
    while (start <= text.size() &&
           pattern.Match(whole, start, text.size(), re2::RE2::UNANCHORED, groups.data(), groups_)) {
      const auto begin = static_cast<std::size_t>(groups[0].data() - text.data());
      const std::size_t end = begin + groups[0].size();
      if (groups[0].empty() && groups[0].data() == last_end) {
        // Nothing right behind a match is none of its own (as RE2::GlobalReplace has it).
        if (start >= text.size()) break;
        start = begin + 1;
        while (start < text.size() && (static_cast<unsigned char>(text[start]) & 0xC0) == 0x80) {
          ++start;
        }
        last_end = nullptr;
        continue;
      }
      any = true;
      put(text.substr(from, begin - from));
      for (const Part& part : parts_) {
        if (part.group < 0) {
          put(part.text);
        } else {
          const re2::StringPiece& group = groups[static_cast<std::size_t>(part.group)];
          put({group.data(), group.size()});
        }
      }
      from = end;
      last_end = text.data() + end;
      start = end;
    }
    if (!any) return text;
    put(text.substr(from));
    if (writing) break;
    size = at;
    out = arena.allocate(size);
    if (out == nullptr) return {};
  }
  return {out, size};
}

}  // namespace core::rules
