// ${env:NAME} and ${file:PATH} inside a scalar. What they bring is taken as it is: not searched for
// further references, not split, not trimmed but for the newline an editor puts at the end of a
// file.
#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "core/config/place.h"
#include "core/config/reader.h"
#include "core/text/text.h"

namespace core::config {
namespace {

constexpr std::size_t kReferencedBytesMax = 64 << 10;

bool is_variable_name(std::string_view name) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  };
  return !name.empty() && !(name[0] >= '0' && name[0] <= '9') &&
         std::all_of(name.begin(), name.end(), fits);
}

/// Why `value` cannot be part of a configuration; empty when it can.
std::string refuse(std::string_view value) {
  if (value.size() > kReferencedBytesMax) return "is larger than 64 KiB";
  if (text::find_invalid_utf8(value) != value.size()) return "is not UTF-8";
  if (value.find('\0') != std::string_view::npos) return "has a zero byte in it";
  return {};
}

}  // namespace

/// The place of bytes [offset, offset + length) of the scalar's value as it is written.
Mark Reader::mark_in(const Node& scalar, std::size_t offset, std::size_t& length) const {
  const std::string_view file = diagnostics_.text(scalar.mark.file);
  const std::size_t begin = offset_inside(file, scalar.begin, offset, false);
  const std::size_t end = offset_inside(file, scalar.begin, offset + length, false);
  if (begin == std::string_view::npos || end == std::string_view::npos) {
    length = scalar.end - scalar.begin;
    return scalar.mark;
  }
  length = end - begin;
  return diagnostics_.mark_at(scalar.mark.file, begin);
}

std::optional<Text> Reader::resolve(const Node& scalar) {
  const std::string_view value = scalar.value;
  Text text{{}, scalar.mark, false};
  bool good = true;
  for (std::size_t at = 0; at < value.size();) {
    const std::size_t dollar = std::min(value.find('$', at), value.size());
    text.value += value.substr(at, dollar - at);
    at = dollar;
    if (value.substr(at, 3) == "$${") {
      text.value += "${";
      at += 3;
    } else if (value.substr(at, 2) == "${") {
      std::size_t end = at;
      good = replace_reference(scalar, at, end, text) && good;
      at = end;
    } else if (at < value.size()) {
      text.value += value[at++];
    }
  }
  if (!good) return std::nullopt;
  return text;
}

/// The reference at byte `at` of the scalar; `end` becomes the byte behind it. False after
/// reporting one that cannot be replaced.
bool Reader::replace_reference(const Node& scalar, std::size_t at, std::size_t& end, Text& text) {
  const std::string_view value = scalar.value;
  const std::size_t close = value.find('}', at);
  end = close == std::string_view::npos ? value.size() : close + 1;
  const auto report = [&](std::size_t begin, std::size_t stop, std::string message,
                          std::string suggestion) {
    std::size_t length = stop - begin;
    const Mark mark = mark_in(scalar, begin, length);
    diagnostics_.error(mark, length, std::move(message), std::move(suggestion));
    return false;
  };
  if (close == std::string_view::npos) {
    return report(at, at + 2, "this reference has no closing brace",
                  "write $${ for a \"${\" that is none");
  }
  const std::string_view inside = value.substr(at + 2, close - at - 2);
  if (inside.starts_with("env:")) {
    const std::string name(inside.substr(4));
    if (!is_variable_name(name)) {
      return report(at, end, "expected the name of an environment variable",
                    "letters, digits and \"_\", as in ${env:B2C_PASSWORD}");
    }
    const std::optional<std::string> found = source_.environment(name);
    if (!found) {
      return report(at, end, "the environment variable " + name + " is not set", {});
    }
    if (const std::string why = refuse(*found); !why.empty()) {
      return report(at, end, "the environment variable " + name + " " + why, {});
    }
    text.value += *found;
    text.secret = true;
    return true;
  }
  if (inside.starts_with("file:")) {
    const std::string_view named = inside.substr(5);
    if (named.empty() || named.find('\0') != std::string_view::npos) {
      return report(at, end, "expected the path of a file",
                    "as in ${file:/run/secrets/b2c-password}");
    }
    const std::string path = path_beside(diagnostics_.path(scalar.mark.file), named);
    auto read = source_.read_file(path);
    if (!read) return report(at, end, "cannot read " + path + ": " + read.error().why, {});
    std::string contents = std::move(read).value();
    if (contents.ends_with('\n')) contents.pop_back();
    if (contents.ends_with('\r')) contents.pop_back();
    if (const std::string why = refuse(contents); !why.empty()) {
      return report(at, end, "the file " + path + " " + why, {});
    }
    text.value += contents;
    text.secret = true;
    return true;
  }
  return report(at, end, "expected env: or file: behind \"${\"",
                "write $${ for a \"${\" that is no reference");
}

}  // namespace core::config
