#include "core/text/phone.h"

#include <phonenumbers/phonenumberutil.h>

#include <string>

#include "core/text/text.h"

namespace core::text {
namespace {

using i18n::phonenumbers::PhoneNumber;
using i18n::phonenumbers::PhoneNumberUtil;

/// The code in capitals, as the library wants it; "ZZ", its name for no region, for anything else.
std::string region_name(std::string_view region) {
  std::string name{"ZZ"};
  if (region.size() != 2) return name;
  for (std::size_t i = 0; i < 2; ++i) {
    const char c = static_cast<char>(region[i] & ~0x20);
    if (c < 'A' || c > 'Z') return "ZZ";
    name[i] = c;
  }
  return name;
}

/// Calls `use(library, number)` when `text` reads as a number. False when it does not, and when the
/// library or the heap throws.
template <typename Use>
bool with_number(std::string_view text, std::string_view region, Use use) noexcept {
  if (text.empty() || text.size() > kPhoneBytesMax) return false;
  if (text.find('\0') != std::string_view::npos || find_invalid_utf8(text) != text.size()) {
    return false;
  }
  try {
    const PhoneNumberUtil* const library = PhoneNumberUtil::GetInstance();
    PhoneNumber number;
    if (library->Parse(std::string{text}, region_name(region), &number) !=
        PhoneNumberUtil::NO_PARSING_ERROR) {
      return false;
    }
    return use(*library, number);
  } catch (...) {
    return false;
  }
}

}  // namespace

bool load_phones() noexcept { return is_phone("+16502530000", {}); }

bool is_phone(std::string_view text, std::string_view region) noexcept {
  return with_number(text, region, [](const PhoneNumberUtil& library, const PhoneNumber& number) {
    return library.IsValidNumber(number);
  });
}

bool is_possible_phone(std::string_view text, std::string_view region) noexcept {
  return with_number(text, region, [](const PhoneNumberUtil& library, const PhoneNumber& number) {
    return library.IsPossibleNumberWithReason(number) == PhoneNumberUtil::IS_POSSIBLE;
  });
}

std::string_view phone_e164(std::string_view text, std::string_view region, Arena& arena) noexcept {
  std::string_view answer;
  with_number(text, region, [&](const PhoneNumberUtil& library, const PhoneNumber& number) {
    if (library.IsPossibleNumberWithReason(number) != PhoneNumberUtil::IS_POSSIBLE) return false;
    std::string e164;
    library.Format(number, PhoneNumberUtil::E164, &e164);
    answer = e164 == text ? text : arena.copy(e164);
    return true;
  });
  return answer;
}

}  // namespace core::text
