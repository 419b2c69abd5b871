#include "core/text/locale.h"

#include <algorithm>
#include <cassert>

#include "core/text/code_points.h"
#include "core/text/text.h"

namespace core::text {
namespace {

constexpr std::size_t kTagsMax = 8;
constexpr std::size_t kTagBytesMax = 35;  // what RFC 5646 section 4.4.1 asks a reader to hold

constexpr bool splits(char c) noexcept { return c == ' ' || c == ','; }

/// `tag` without its last subtag, and without a subtag of one character that then is the last: it
/// would only introduce what was cut (RFC 4647 section 3.4). Empty when there is no more.
std::string_view shortened(std::string_view tag) noexcept {
  std::size_t end = tag.rfind('-');
  if (end == std::string_view::npos) return {};
  if (end == 1 || (end >= 2 && tag[end - 2] == '-')) end = end == 1 ? 0 : end - 2;
  return tag.substr(0, end);
}

/// At most kTagBytesMax bytes of `tag`, whole subtags (RFC 5646 section 4.4.2).
std::string_view bounded(std::string_view tag) noexcept {
  if (tag.size() <= kTagBytesMax) return tag;
  return shortened(tag.substr(0, kTagBytesMax + 1));
}

}  // namespace

LocaleChooser::LocaleChooser(std::vector<std::string> available, std::string_view fallback)
    : available_(std::move(available)) {
  assert(!available_.empty());
  for (std::size_t i = 0; i < available_.size(); ++i) {
    if (equals_ignore_case_ascii(available_[i], fallback)) {
      fallback_ = static_cast<std::uint32_t>(i);
      break;
    }
  }
}

std::uint32_t LocaleChooser::choose(std::string_view ui_locales) const noexcept {
  std::size_t at = 0;
  for (std::size_t tags = 0; tags < kTagsMax; ++tags) {
    while (at < ui_locales.size() && splits(ui_locales[at])) ++at;
    if (at == ui_locales.size()) break;
    const std::size_t begin = at;
    while (at < ui_locales.size() && !splits(ui_locales[at])) ++at;
    std::string_view tag = bounded(ui_locales.substr(begin, at - begin));
    for (; !tag.empty(); tag = shortened(tag)) {
      for (std::size_t i = 0; i < available_.size(); ++i) {
        if (equals_ignore_case_ascii(available_[i], tag)) return static_cast<std::uint32_t>(i);
      }
    }
  }
  return fallback_;
}

bool is_language_tag(std::string_view tag) noexcept {
  std::size_t size = 0;  // of the subtag so far
  bool first = true;
  for (const char c : tag) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '-') {
      if (size == 0) return false;
      size = 0;
      first = false;
    } else if (is_ascii_letter(byte) || (!first && is_ascii_digit(byte))) {
      if (++size > 8) return false;
    } else {
      return false;
    }
  }
  return size != 0;
}

void recase_language_tag(std::string_view tag, char* to) noexcept {
  std::size_t subtag = 0;  // where it begins
  for (std::size_t i = 0; i <= tag.size(); ++i) {
    if (i < tag.size()) to[i] = tag[i];
    if (i < tag.size() && tag[i] != '-') continue;
    const std::size_t size = i - subtag;
    const std::size_t capitals = subtag == 0 ? 0 : size == 2 ? 2 : size == 4 ? 1 : 0;
    for (std::size_t j = subtag; j < subtag + capitals; ++j) {
      if (to[j] >= 'a' && to[j] <= 'z') to[j] = static_cast<char>(to[j] - 0x20);
    }
    subtag = i + 1;
  }
}

}  // namespace core::text
