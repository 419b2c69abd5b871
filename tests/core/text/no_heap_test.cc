#include <gtest/gtest.h>
#include <unicode/ucasemap.h>
#include <unicode/uclean.h>

#include <cstdlib>
#include <new>
#include <string_view>

#include "core/text/canonical_email.h"
#include "core/text/country.h"
#include "core/text/date.h"
#include "core/text/email.h"
#include "core/text/json.h"
#include "core/text/locale.h"
#include "core/text/postcode.h"
#include "core/text/registrable.h"
#include "core/text/scripts.h"
#include "core/text/text.h"
#include "core/text/transforms.h"
#include "tests/replaced_new.h"

// Every `new` of this program is counted, and what ICU takes with its own functions.
namespace {
thread_local std::size_t allocations = 0;  // some tests start threads of their own
}

void* tests::take(std::size_t size) noexcept {
  ++allocations;
  return take_from_malloc(size);
}

namespace core::text {
namespace {

void* count_alloc(const void*, size_t size) {
  ++allocations;
  return std::malloc(size);
}
void* count_realloc(const void*, void* block, size_t size) {
  ++allocations;
  return std::realloc(block, size);
}
void count_free(const void*, void* block) { std::free(block); }

// Before main, and so before any test makes ICU allocate.
const bool kIcuIsCounted = [] {
  UErrorCode error = U_ZERO_ERROR;
  u_setMemoryFunctions(nullptr, count_alloc, count_realloc, count_free, &error);
  return U_SUCCESS(error) != 0;
}();

TEST(Text, TakesNothingFromTheHeap) {
  ASSERT_TRUE(kIcuIsCounted);
  // ASCII, Latin, and the scripts and special letters that ICU answers for.
  constexpr std::string_view kTexts[] = {
      "ANNA-LENA  VAN DER BERG",
      " JOS\u00C9 \u0130BRAH\u0130M STRAU\u00DF, AND MORE OF IT THAN SIXTEEN BYTES ",
      "\u03A0\u0391\u03A0\u03A0\u0391\u03A3 \u1FB7\u0390",
      "\u041B\u0423\u041A'\u042F\u041D\u0415\u041D\u041A\u041E \uFB03x \u4E2D \U00010400",
      "\u1EC4\u1ECA \u01C4 \u0149",
  };
  Arena arena{1 << 14};
  const LocaleChooser chooser{{"en", "sv", "zh-Hant"}, "en"};
  char json[2048];
  ScriptSet latin;
  ASSERT_TRUE(latin.add("Latin"));
  ASSERT_TRUE(load_countries());
  remove_accents("\u00E9", arena);  // ICU opens its tables for the first one
  normalise_nfc("\u4E2D", arena);
  const std::size_t before = allocations;
  for (const std::string_view text : kTexts) {
    arena.reset();
    trim(text, arena);
    collapse_spaces(text, arena);
    lower(text, arena);
    upper(text, arena);
    title_case(text, arena);
    name_case(text, arena);
    count_code_points(text);
    find_invalid_utf8(text);
    write_json_escaped(json, text);
    chooser.choose(text);
    digits_only(text, arena);
    substring(text, -3, 2);
    remove_accents(text, arena);
    pad_left(text, 99, U'0', arena);
    letters_only_of(text, latin);
    country_code(text);
  }
  normalise_nfc("Jos\u00E9 \u4E2D", arena);
  format_number("-1234.5678", 2, arena);
  parse_instant("1990-12-31T23:59:60Z");
  canonical_email("Anna.Lind+x@GoogleMail.com", arena);
  is_email("anna.lind@example.com");
  registrable_domain("mail.example.co.uk");
  format_postcode("sw1a1aa", "GB", arena);
  country_name("SE", "sv");
  normalise_domain("EXAMPLE.com.", arena);
  normalise_domain("\uFF25xample\u3002com", arena);
  normalise_email(" J\u00D6RG@EXAMPLE.com. ", arena);
  chooser.choose("fr-CA, zh-Hant-TW-x-private");
  const std::size_t after = allocations;
  EXPECT_FALSE(arena.exhausted());
  EXPECT_EQ(after - before, 0U);
}

TEST(Text, TheCountSeesBothHeaps) {
  std::size_t before = allocations;
  operator delete(operator new(1));
  EXPECT_EQ(allocations, before + 1);
  before = allocations;
  UErrorCode error = U_ZERO_ERROR;
  ucasemap_close(ucasemap_open("", 0, &error));
  EXPECT_TRUE(U_SUCCESS(error));
  EXPECT_GT(allocations, before);
}

}  // namespace
}  // namespace core::text
