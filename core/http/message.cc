#include "core/http/message.h"

#include "core/http/syntax.h"

namespace core::http {

namespace {

constexpr char to_lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
}

bool same_name(std::string_view a, std::string_view b) noexcept {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (to_lower(a[i]) != to_lower(b[i])) return false;
  }
  return true;
}

}  // namespace

const Header* Request::find(std::string_view name) const noexcept {
  for (std::size_t i = 0; i < field_count; ++i) {
    if (same_name(fields[i].name, name)) return &fields[i];
  }
  return nullptr;
}

}  // namespace core::http
