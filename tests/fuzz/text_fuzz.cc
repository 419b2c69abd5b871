// The text functions on any bytes: none may read past its text, and what is in its form stays so.
// libphonenumber is left out: a pattern library of its own, some thousand times slower.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "core/text/canonical_email.h"
#include "core/text/date.h"
#include "core/text/email.h"
#include "core/text/postcode.h"
#include "core/text/registrable.h"
#include "core/text/scripts.h"
#include "core/text/text.h"
#include "core/text/transforms.h"

namespace {

using core::Arena;

/// `form` of its own result is that result.
template <typename Form>
void settles(std::string_view text, Form form) {
  Arena arena{1 << 16};
  const std::string once{form(text, arena)};
  if (arena.exhausted()) return;
  arena.reset();
  const std::string_view twice = form(once, arena);
  if (!arena.exhausted() && twice != once) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace core::text;
  constexpr std::size_t kCountryBytes = 2;
  if (size < kCountryBytes || size > 4096) return 0;
  const std::string_view input{reinterpret_cast<const char*>(bytes), size};
  const std::string_view country = input.substr(0, kCountryBytes);
  const std::string_view text = input.substr(kCountryBytes);

  settles(text, canonical_email);
  settles(text, digits_only);
  settles(text, name_case);
  settles(text, remove_accents);
  settles(text, [country](std::string_view code, Arena& arena) {
    return format_postcode(code, country, arena);
  });
  if (find_invalid_utf8(text) == text.size()) settles(text, normalise_nfc);
  settles(text,
          [](std::string_view number, Arena& arena) { return format_number(number, 3, arena); });

  static_cast<void>(is_email(text));
  if (!text.ends_with(registrable_domain(text))) std::abort();
  if (!looks_like(text, text)) std::abort();
  static_cast<void>(looks_like(text, country));
  static_cast<void>(mixes_scripts(text));
  static_cast<void>(substring(text, static_cast<std::int8_t>(bytes[0]), bytes[1]));
  static_cast<void>(parse_boolean(text));
  static_cast<void>(parse_time_of_day(text));
  const auto date = parse_date(text);
  if (date && date_of(days_from_civil(*date) * 86'400, 0) != *date) std::abort();
  if (date.has_value() != parse_instant(text).has_value()) std::abort();
  return 0;
}
