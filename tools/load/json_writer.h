#pragma once

#include <charconv>
#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>

#include "tools/load/people.h"
#include "tools/load/units.h"

namespace load {

/// Writes JSON member by member and puts the commas. Text that is not valid UTF-8 must not be given
/// to it: see printable().
class JsonWriter {
 public:
  JsonWriter& open(char bracket) {
    comma();
    text_.push_back(bracket);
    first_ = true;
    return *this;
  }
  JsonWriter& close(char bracket) {
    text_.push_back(bracket);
    first_ = false;
    return *this;
  }
  JsonWriter& name(std::string_view name) {
    comma();
    quote(name);
    text_.push_back(':');
    first_ = true;  // no comma between name and value
    return *this;
  }
  JsonWriter& value(std::string_view text) {
    comma();
    quote(text);
    return *this;
  }
  JsonWriter& value(const char* text) { return value(std::string_view(text)); }
  JsonWriter& value(std::uint64_t number) { return raw(std::to_string(number)); }
  JsonWriter& value(unsigned number) { return raw(std::to_string(number)); }
  /// The shortest text that reads back as the same number; JSON has no infinity.
  JsonWriter& value(double number) {
    if (!std::isfinite(number)) return raw("0");
    char digits[32];
    const char* end = std::to_chars(digits, digits + sizeof digits, number).ptr;
    return raw({digits, static_cast<std::size_t>(end - digits)});
  }
  JsonWriter& value(bool truth) { return raw(truth ? "true" : "false"); }
  template <typename T>
  JsonWriter& member(std::string_view member_name, const T& member_value) {
    name(member_name);
    return value(member_value);
  }

  const std::string& text() const noexcept { return text_; }

 private:
  void comma() {
    if (!first_) text_.push_back(',');
    first_ = false;
  }
  void quote(std::string_view text) {
    text_.push_back('"');
    append_json_escaped(text_, text);
    text_.push_back('"');
  }
  JsonWriter& raw(std::string_view text) {
    comma();
    text_.append(text);
    return *this;
  }

  std::string text_;
  bool first_ = true;
};

/// `text` with every byte that is not printable ASCII as '.': for bytes a server has sent.
inline std::string printable(std::string_view text) {
  std::string shown(text);
  for (char& c : shown) {
    if (c < 0x20 || c >= 0x7f) c = '.';
  }
  return shown;
}

}  // namespace load
