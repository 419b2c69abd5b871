// Telephone numbers: whatever is asked about is a number or none, and the international form of one
// that is in use is its own international form. A target of its own because libphonenumber is some
// thousand times slower than the other text functions. Seeds: tests/fuzz/seeds/phone.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "core/arena.h"
#include "core/text/phone.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace core::text;
  static const bool there = load_phones();
  constexpr std::size_t kRegionBytes = 2;
  if (!there) std::abort();
  if (size < kRegionBytes || size > 2 * kPhoneBytesMax) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::string_view region = input.substr(0, kRegionBytes), text = input.substr(kRegionBytes);
  const bool possible = is_possible_phone(text, region);
  if (is_phone(text, region) && text.size() > kPhoneBytesMax) std::abort();
  core::Arena arena(1 << 12);
  const std::string_view number = phone_e164(text, region, arena);
  if ((number.data() != nullptr) != possible) std::abort();
  if (number.data() == nullptr) return 0;
  if (!number.starts_with('+') || number.size() < 2) std::abort();
  for (const char digit : number.substr(1)) {
    if (digit < '0' || digit > '9') std::abort();
  }
  // Of a number that is none of a plan ("+46 007...") the library drops another zero each time it
  // is asked.
  const std::string once(number);
  if (!is_phone(text, region)) return 0;
  arena.reset();
  if (phone_e164(once, {}, arena) != once) std::abort();
  return 0;
}
