#include "core/mapping/escape.h"

#include <algorithm>

#include "core/text/json.h"

namespace core::mapping {
namespace {

constexpr char kHex[] = "0123456789ABCDEF";

constexpr bool is_unreserved(char c) noexcept {  // RFC 3986, 2.3
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

constexpr bool is_control(char c) noexcept {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}

bool has_nul(std::string_view value) { return value.find('\0') != std::string_view::npos; }

bool has_control(std::string_view value) {
  return std::any_of(value.begin(), value.end(), is_control);
}

void encode(std::string& out, char c) {
  const auto byte = static_cast<unsigned char>(c);
  out += '%';
  out += kHex[byte >> 4];
  out += kHex[byte & 15];
}

/// U+0085, U+2028, U+2029: line ends to some readers. And the C1 controls.
bool has_separator(std::string_view value) {
  for (std::size_t i = 0; i + 1 < value.size(); ++i) {
    const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(value[at]); };
    if (byte(i) == 0xC2 && byte(i + 1) < 0xA0) return true;
    if (byte(i) == 0xE2 && byte(i + 1) == 0x80 && i + 2 < value.size() &&
        (byte(i + 2) == 0xA8 || byte(i + 2) == 0xA9)) {
      return true;
    }
  }
  return false;
}

}  // namespace

bool write_path(std::string& out, std::string_view value) {
  if (has_control(value)) return false;
  for (const char c : value) is_unreserved(c) ? out.push_back(c) : encode(out, c);
  return true;
}

bool write_query(std::string& out, std::string_view value) {
  if (has_nul(value)) return false;
  for (const char c : value) is_unreserved(c) ? out.push_back(c) : encode(out, c);
  return true;
}

bool write_form(std::string& out, std::string_view value) {
  if (has_nul(value)) return false;
  for (const char c : value) {
    if (c == ' ') {
      out += '+';
    } else if ((is_unreserved(c) && c != '~') || c == '*') {
      out += c;
    } else {
      encode(out, c);
    }
  }
  return true;
}

bool write_field(std::string& out, std::string_view value) {
  if (has_control(value)) return false;
  for (std::size_t i = 0; i < value.size(); ++i) {
    const char c = value[i];
    const bool at_an_end = i == 0 || i + 1 == value.size();
    const bool plain = static_cast<unsigned char>(c) < 0x80 && c != '%' && !(c == ' ' && at_an_end);
    plain ? out.push_back(c) : encode(out, c);
  }
  return true;
}

bool write_json(std::string& out, std::string_view value) {
  constexpr std::size_t kSlack = 16;
  const std::size_t before = out.size();
  out.resize(before + text::json_escaped_max(value.size()) + kSlack);
  const char* const end = text::write_json_escaped(out.data() + before, value);
  out.resize(static_cast<std::size_t>(end - out.data()));
  return true;
}

bool write_xml(std::string& out, std::string_view value) {
  for (std::size_t i = 0; i < value.size(); ++i) {
    const char c = value[i];
    if (is_control(c) && c != '\t' && c != '\n' && c != '\r' && c != 0x7f) return false;
    // U+FFFE and U+FFFF (XML 1.0, 2.2); surrogates are no UTF-8.
    if (value.substr(i, 3) == "\xEF\xBF\xBE" || value.substr(i, 3) == "\xEF\xBF\xBF") return false;
  }
  for (const char c : value) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      case '\'': out += "&#39;"; break;
      case '\t': out += "&#9;"; break;
      case '\n': out += "&#10;"; break;
      case '\r': out += "&#13;"; break;
      default: out += c;
    }
  }
  return true;
}

bool write_text(std::string& out, std::string_view value) {
  if (has_control(value) || has_separator(value)) return false;
  out += value;
  return true;
}

bool has_dot_segment(std::string_view path) noexcept {
  while (!path.empty()) {
    path.remove_prefix(1);  // its '/'
    std::string_view segment = path.substr(0, path.find('/'));
    path.remove_prefix(segment.size());
    std::size_t dots = 0;
    bool other = false;
    while (!segment.empty() && !other) {
      const bool encoded = segment.size() >= 3 && segment[0] == '%' && segment[1] == '2' &&
                           (segment[2] == 'e' || segment[2] == 'E');
      other = segment[0] != '.' && !encoded;
      segment.remove_prefix(encoded ? 3 : 1);
      ++dots;
    }
    if (!other && (dots == 1 || dots == 2)) return true;
  }
  return false;
}

}  // namespace core::mapping
