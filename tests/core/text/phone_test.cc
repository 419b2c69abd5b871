#include "core/text/phone.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <thread>
#include <vector>

#include "exact_text.h"

namespace core::text {
namespace {

std::string e164(std::string_view text, std::string_view region) {
  Arena arena{256};
  return std::string{phone_e164(ExactText{text}.view(), ExactText{region}.view(), arena)};
}

struct PhoneCase {
  std::string_view text, region, e164;
  bool possible = true;
  bool valid = true;
};

// Numbers of libphonenumber's own tests (phonenumberutil_test.cc) and of the ranges that regulators
// keep free for drama: Ofcom (01632 960xxx, 07700 900xxx), PTS (070-174 06 05 to 99), NANPA
// (555-01xx).
constexpr PhoneCase kCases[] = {
    {"070-174 06 05", "SE", "+46701740605"},
    {"070 174 06 05", "se", "+46701740605"},
    {"0046 70 174 06 05", "SE", "+46701740605"},
    {"+46 (0)70-174 06 05", "", "+46701740605"},
    {"+46701740605", "", "+46701740605"},
    {"tel:+46-70-174-06-05", "US", "+46701740605"},
    {"(650) 253-0000", "US", "+16502530000"},
    {"1-800-FLOWERS", "US", "+18003569377"},
    {"+1 650-253-0000 ext. 3456", "", "+16502530000"},
    {"033316005", "NZ", "+6433316005"},
    {"03-331 6005", "NZ", "+6433316005"},
    {"030/123456", "DE", "+4930123456"},
    {"020 7031 3000", "GB", "+442070313000"},
    {"02 36618300", "IT", "+390236618300"},  // the zero belongs to the number there
    {"+33 1 23 45 67 89", "", "+33123456789"},
    {"01 23 45 67 89", "FR", "+33123456789"},
    {"\uFF0B\uFF14\uFF16 70 174 06 05", "", "+46701740605"},
    {"+\u0664\u0666 \u0667\u0660 \u0661\u0667\u0664 \u0660\u0666 \u0660\u0665", "", "+46701740605"},
    {"+800 1234 5678", "", "+80012345678"},
    // Possible by its length, in no range that is in use.
    {"253-0000-111", "US", "+12530000111", true, false},
};

TEST(Phone, TablesAreThere) { EXPECT_TRUE(load_phones()); }

TEST(Phone, NumbersOfManyForms) {
  for (const PhoneCase& c : kCases) {
    SCOPED_TRACE(c.text);
    EXPECT_EQ(is_phone(c.text, c.region), c.valid);
    EXPECT_EQ(is_possible_phone(c.text, c.region), c.possible);
    EXPECT_EQ(e164(c.text, c.region), c.e164);
  }
}

TEST(Phone, RefusesTheRest) {
  constexpr PhoneCase kNone[] = {
      {"", "SE", ""},
      {"anna", "SE", ""},
      {"070-174 06 05", "", ""},  // national form, and no region to read it by
      {"070-174 06 05", "XX", ""},
      {"070-174 06 05", "SWE", ""},
      {"12", "SE", ""},
      {"112", "SE", ""},  // an emergency number reaches no person
      {"+46 70 174 06 05 070 174 06 05", "SE", ""},
      {"+999 123 456 789", "", ""},
      {"+", "SE", ""},
      {"2530000", "US", ""},  // only within its town
      {"\xFF\xFE", "SE", ""},
  };
  for (const PhoneCase& c : kNone) {
    SCOPED_TRACE(c.text);
    EXPECT_FALSE(is_phone(c.text, c.region));
    EXPECT_FALSE(is_possible_phone(c.text, c.region));
    EXPECT_EQ(e164(c.text, c.region), "");
  }
  EXPECT_FALSE(is_phone(std::string_view{"+4670174\0"
                                         "0605",
                                         13},
                        "SE"));
}

TEST(Phone, LengthHasALimit) {
  const std::string number = "+46701740605";
  EXPECT_TRUE(is_phone(std::string(kPhoneBytesMax - number.size(), ' ') + number, ""));
  EXPECT_FALSE(is_phone(std::string(kPhoneBytesMax + 1 - number.size(), ' ') + number, ""));
}

TEST(Phone, SaysWhenTheArenaIsFullAndKeepsWhatIsInForm) {
  Arena small{4};
  EXPECT_EQ(phone_e164("070-174 06 05", "SE", small).data(), nullptr);
  EXPECT_TRUE(small.exhausted());
  Arena arena{64};
  constexpr std::string_view kNumber = "+46701740605";
  EXPECT_EQ(phone_e164(kNumber, "", arena).data(), kNumber.data());
  EXPECT_EQ(phone_e164("anna", "SE", arena).data(), nullptr);
  EXPECT_FALSE(arena.exhausted());
}

TEST(Phone, RandomBytesHurtNobody) {
  std::mt19937 random{7};
  constexpr std::string_view kBytes = "+0123456789 -()/.;=extphone:#*aZ\xC3\xA9\xFF\t";
  for (int round = 0; round < 3'000; ++round) {
    std::string text;
    for (std::size_t i = random() % 40; i > 0; --i) text += kBytes[random() % kBytes.size()];
    const std::string number = e164(text, "SE");
    EXPECT_EQ(number.empty(), !is_possible_phone(text, "SE")) << text;
    if (number.empty()) continue;
    EXPECT_EQ(e164(number, ""), number) << text;
  }
}

TEST(Phone, AnyThreadMayAsk) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([] {
      for (int round = 0; round < 20; ++round) {
        for (const PhoneCase& c : kCases) EXPECT_EQ(is_phone(c.text, c.region), c.valid);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace core::text
