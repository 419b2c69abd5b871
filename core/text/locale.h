#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace core::text {

/// Chooses among a message's languages by the caller's `ui_locales`.
///
/// `ui_locales` may hold several language tags, split at spaces and commas, best first (protocol.md
/// a.3). For each the lookup of RFC 4647 section 3.4 is done: the tag is compared with the
/// available ones, ASCII case ignored, then cut from the end subtag by subtag (with a single-letter
/// subtag before it) until one fits; only then comes the next tag. When none fits, the fallback.
class LocaleChooser {
 public:
  /// `available` in the configuration's order; the fallback is `fallback` if it is available, else
  /// its first. `available` must not be empty.
  LocaleChooser(std::vector<std::string> available, std::string_view fallback);

  /// The index into `available`. Never allocates; looks at no more than 8 tags of 35 bytes each.
  std::uint32_t choose(std::string_view ui_locales) const noexcept;

  std::span<const std::string> available() const noexcept { return available_; }

 private:
  std::vector<std::string> available_;
  std::uint32_t fallback_ = 0;
};

/// True for a well-formed language tag of RFC 5646 as far as its shape goes: subtags of one to
/// eight ASCII letters and digits, joined by '-', the first of letters only.
bool is_language_tag(std::string_view tag) noexcept;

/// Writes `tag` to `to`, which has room for it and may be its own place, in the letter case of RFC 5646
/// section 2.1.1: en-us is en-US, zh-hant-tw is zh-Hant-TW. The first subtag stays as it is.
void recase_language_tag(std::string_view tag, char* to) noexcept;

}  // namespace core::text
