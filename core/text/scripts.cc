#include "core/text/scripts.h"

#include <unicode/uscript.h>
#include <unicode/uspoof.h>

#include <memory>

#include "core/text/code_points.h"
#include "core/text/text.h"

namespace core::text {
namespace {

struct CloseChecker {
  void operator()(USpoofChecker* checker) const noexcept { uspoof_close(checker); }
};
using Checker = std::unique_ptr<USpoofChecker, CloseChecker>;

Checker open_checker() noexcept {
  UErrorCode error = U_ZERO_ERROR;
  Checker checker{uspoof_open(&error)};
  if (U_FAILURE(error)) return nullptr;
  uspoof_setRestrictionLevel(checker.get(), USPOOF_HIGHLY_RESTRICTIVE);
  uspoof_setChecks(checker.get(), USPOOF_RESTRICTION_LEVEL, &error);
  if (U_FAILURE(error)) return nullptr;
  return checker;
}

/// The one checker, never changed after it was built: ICU lets any thread use it then. Null when
/// ICU has no data for it.
const USpoofChecker* checker() noexcept {
  static const Checker shared = open_checker();
  return shared.get();
}

/// A skeleton on the stack. One that does not fit is that of no name: of() is false.
struct Skeleton {
  static constexpr std::int32_t kUnitsMax = 4 * static_cast<std::int32_t>(kSpoofBytesMax);
  char bytes[kUnitsMax];
  std::int32_t size = 0;

  bool of(const USpoofChecker* with, std::string_view text) noexcept {
    UErrorCode error = U_ZERO_ERROR;
    size = uspoof_getSkeletonUTF8(with, 0, text.data(), static_cast<std::int32_t>(text.size()),
                                  bytes, kUnitsMax, &error);
    return U_SUCCESS(error) && size <= kUnitsMax;
  }
  std::string_view view() const noexcept { return {bytes, static_cast<std::size_t>(size)}; }
};

}  // namespace

bool ScriptSet::add(std::string_view name) noexcept {
  constexpr std::size_t kNameBytesMax = 40;
  if (name.empty() || name.size() > kNameBytesMax) return false;
  char text[kNameBytesMax + 1] = {};
  name.copy(text, kNameBytesMax);
  const auto set = [this](int code) { scripts_[static_cast<std::size_t>(code)] = true; };
  const auto known = [](int code) { return code >= 0 && code < static_cast<int>(kScriptsMax); };
  const int code = u_getPropertyValueEnum(UCHAR_SCRIPT, text);
  if (!known(code)) return false;
  switch (code) {
    case USCRIPT_JAPANESE:
      set(USCRIPT_HIRAGANA);
      set(USCRIPT_KATAKANA);
      set(USCRIPT_HAN);
      return true;
    case USCRIPT_KOREAN:
      set(USCRIPT_HANGUL);
      set(USCRIPT_HAN);
      return true;
    case USCRIPT_HAN_WITH_BOPOMOFO:
      set(USCRIPT_BOPOMOFO);
      set(USCRIPT_HAN);
      return true;
    case USCRIPT_SIMPLIFIED_HAN:
    case USCRIPT_TRADITIONAL_HAN:
      set(USCRIPT_HAN);
      return true;
    default:
      break;
  }
  set(code);
  return true;
}

bool letters_only_of(std::string_view text, const ScriptSet& allowed) noexcept {
  const char* at = text.data();
  const char* const end = at + text.size();
  const bool latin = allowed.has(USCRIPT_LATIN);
  while (at != end) {
    const auto byte = static_cast<unsigned char>(*at);
    if (byte < 0x80) {
      if (!latin && is_ascii_letter(byte)) return false;
      ++at;
      continue;
    }
    const CodePoint point = decode(at, end);
    if (point.value == kNoCodePoint) return false;
    at += point.size;
    UErrorCode error = U_ZERO_ERROR;
    const auto c = static_cast<UChar32>(point.value);
    const int script = uscript_getScript(c, &error);
    if (script == USCRIPT_COMMON || script == USCRIPT_INHERITED || allowed.has(script)) continue;
    constexpr int kSharedMax = 64;
    UScriptCode shared[kSharedMax];
    const int count = uscript_getScriptExtensions(c, shared, kSharedMax, &error);
    bool found = false;
    for (int i = 0; U_SUCCESS(error) && i < count && !found; ++i) found = allowed.has(shared[i]);
    if (!found) return false;
  }
  return true;
}

bool load_scripts() noexcept { return checker() != nullptr && looks_like("a", "\u0430"); }

bool mixes_scripts(std::string_view text) noexcept {
  if (is_ascii(text)) return false;
  if (text.size() > kSpoofBytesMax) return true;
  const USpoofChecker* const with = checker();
  if (with == nullptr) return true;
  UErrorCode error = U_ZERO_ERROR;
  const std::int32_t failed =
      uspoof_check2UTF8(with, text.data(), static_cast<std::int32_t>(text.size()), nullptr, &error);
  return U_FAILURE(error) || (failed & USPOOF_RESTRICTION_LEVEL) != 0;
}

bool looks_like(std::string_view a, std::string_view b) noexcept {
  if (a == b) return true;
  if (a.size() > kSpoofBytesMax || b.size() > kSpoofBytesMax) return false;
  const USpoofChecker* const with = checker();
  if (with == nullptr) return false;
  Skeleton first;
  Skeleton second;
  return first.of(with, a) && second.of(with, b) && first.view() == second.view();
}

}  // namespace core::text
