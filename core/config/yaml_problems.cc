#include "core/config/yaml_problems.h"

#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "core/text/text.h"

namespace core::config {
namespace {

constexpr std::size_t kNone = std::string_view::npos;

/// True where a value can begin behind `c`.
bool separates(char c) { return std::string_view(" \t\r\n,[]{}").find(c) != kNone; }

struct Explanation {
  std::string message;
  std::string suggestion;
};

/// yaml-cpp's words in ours, with the mistake that most often leads to them.
Explanation explain(std::string_view reason, std::string_view text, std::size_t at,
                    const Node* quoted) {
  const std::string_view behind = text.substr(at);
  const std::size_t line_begin = at == 0 ? 0 : text.rfind('\n', at - 1) + 1;
  const std::string_view before = text.substr(line_begin, at - line_begin);
  if (reason == YAML::ErrorMsg::UNKNOWN_TOKEN && !behind.empty()) {
    const bool begins = before.empty() || separates(before.back());
    return {std::string(begins ? "a value cannot begin with \"" : "not expected here: \"") +
                behind[0] + "\"",
            "put the value in quotation marks"};
  }
  if (reason.starts_with(YAML::ErrorMsg::INVALID_ESCAPE)) {
    return {"a backslash that escapes nothing",
            "between single quotation marks a backslash is a backslash: '^\\d+$'"};
  }
  if (reason.starts_with(YAML::ErrorMsg::INVALID_UNICODE) ||
      reason.starts_with(YAML::ErrorMsg::INVALID_HEX)) {
    return {"an escape that is no character", {}};
  }
  if (quoted != nullptr) {
    return {"not valid YAML", "is a quotation mark missing? the text that begins in line " +
                                  std::to_string(quoted->mark.line) + " ends just before this"};
  }
  if (behind.starts_with('{') && before.ends_with('$')) {
    return {"not valid YAML",
            "between brackets a reference needs quotation marks: \"${env:NAME}\""};
  }
  if (before.ends_with(']') && behind.starts_with(':')) {
    return {"not valid YAML", "put an IPv6 address in quotation marks: \"[::1]:8080\""};
  }
  if (reason == YAML::ErrorMsg::MAP_VALUE) {
    return {"a colon is not expected here", "put a text with \": \" in it in quotation marks"};
  }
  if (reason == YAML::ErrorMsg::END_OF_SEQ_FLOW) {
    return {"expected \",\" or \"]\"", "a list that began with \"[\" is still open"};
  }
  if (reason == YAML::ErrorMsg::END_OF_MAP_FLOW) {
    return {"expected \",\" or \"}\"", "a map that began with \"{\" is still open"};
  }
  if (reason == YAML::ErrorMsg::END_OF_MAP) {
    return {"expected a key here", "is the line indented like its neighbours?"};
  }
  if (reason == YAML::ErrorMsg::END_OF_SEQ) {
    return {"expected \"- \" here", "is the line indented like its neighbours?"};
  }
  if (reason.starts_with(YAML::ErrorMsg::UNKNOWN_ANCHOR)) {  // yaml-cpp 0.8 adds its name
    return {"an alias without an anchor", "write &name before the first use of the value"};
  }
  return {"not valid YAML: " + std::string(reason), {}};
}

}  // namespace

void report_syntax_error(const YAML::Exception& exception, std::uint32_t file,
                         const LastValue& last, Diagnostics& diagnostics) {
  const std::string_view text = diagnostics.text(file);
  if (exception.msg == YAML::ErrorMsg::EOF_IN_SCALAR) {  // reported there, begun long before
    const std::size_t opened = text.find_first_of("\"'", last.end);
    if (opened != kNone) {
      diagnostics.error(diagnostics.mark_at(file, opened), 1,
                        "this quotation mark is never closed");
      return;
    }
  }
  const std::size_t at = exception.mark.pos < 0
                             ? text.size()
                             : std::min(static_cast<std::size_t>(exception.mark.pos), text.size());
  // A tab in the indentation leads to every kind of complaint, there or on the next line.
  std::size_t line_end = std::min(text.find('\n', at), text.size());
  for (int lines = 0; lines < 2; ++lines) {
    const std::size_t begin = line_end == 0 ? 0 : text.rfind('\n', line_end - 1) + 1;
    const std::string_view line = text.substr(begin, line_end - begin);
    const std::size_t tab = std::min(line.find_first_not_of(' '), line.size());
    if (tab < line.size() && line[tab] == '\t') {
      diagnostics.error(diagnostics.mark_at(file, begin + tab), 1, "a tab in the indentation",
                        "indent with spaces");
      return;
    }
    if (begin == 0) break;
    line_end = begin - 1;
  }
  Explanation explanation = explain(exception.msg, text, at, last.quoted_lines);
  diagnostics.error(diagnostics.mark_at(file, at), 1, std::move(explanation.message),
                    std::move(explanation.suggestion));
}

bool check_bytes(std::uint32_t file, Diagnostics& diagnostics) {
  const std::string_view text = diagnostics.text(file);
  if (text.size() > kFileBytesMax) {
    diagnostics.error({file, 1, 1}, 1, "the file is larger than 8 MiB",
                      "put long lists in files of their own");
    return false;
  }
  if (const std::size_t bad = text::find_invalid_utf8(text); bad != text.size()) {
    diagnostics.error(diagnostics.mark_at(file, bad), 1, "not UTF-8", "save the file as UTF-8");
    return false;
  }
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if ((byte >= 0x20 && byte != 0x7f) || byte == '\t' || byte == '\n' || byte == '\r') continue;
    constexpr std::string_view kHex = "0123456789ABCDEF";
    diagnostics.error(diagnostics.mark_at(file, i), 1,
                      std::string("a control character, U+00") + kHex[byte >> 4] + kHex[byte & 15],
                      "in a text in double quotation marks it can be escaped");
    return false;
  }
  return true;
}

}  // namespace core::config
