#include "core/claims/name_table.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace {

using namespace core::claims;

constexpr std::string_view kApp = "extension_9c2f41d07be84a6c8f35d1e2a07b64c3_";

TEST(NameTable, HoldsTheWellKnownNamesFirstAndInOrder) {
  const NameTable names;
  EXPECT_EQ(names.size(), std::size_t{kWellKnownCount});
  EXPECT_EQ(names.find("step"), kStep);
  EXPECT_EQ(names.find("client_id"), kClientId);
  EXPECT_EQ(names.find("ui_locales"), kUiLocales);
  EXPECT_EQ(names.find("email"), kEmail);
  EXPECT_EQ(names.find("identities"), kIdentities);
  EXPECT_EQ(names.find("objectId"), kObjectId);
  EXPECT_EQ(names.find("displayName"), kDisplayName);
  EXPECT_EQ(names.find("givenName"), kGivenName);
  EXPECT_EQ(names.find("surname"), kSurname);
  EXPECT_EQ(names.find("jobTitle"), kJobTitle);
  EXPECT_EQ(names.find("streetAddress"), kStreetAddress);
  EXPECT_EQ(names.find("city"), kCity);
  EXPECT_EQ(names.find("state"), kState);
  EXPECT_EQ(names.find("country"), kCountry);
  EXPECT_EQ(names.find("postalCode"), kPostalCode);
  for (NameId id = 0; id < kWellKnownCount; ++id) EXPECT_EQ(names.find(names.name(id)), id);
}

TEST(NameTable, FindsTheSecondSpellingOfTheClient) {
  NameTable names;
  EXPECT_EQ(names.find("clientId"), kClientId);
  EXPECT_EQ(names.intern("clientId"), kClientId);
  EXPECT_EQ(names.find("clientID"), kNoName);
  EXPECT_EQ(names.find("clientIds"), kNoName);
}

TEST(NameTable, ComparesOrdinaryNamesByteForByte) {
  NameTable names;
  const NameId id = names.intern("lastName");
  EXPECT_EQ(names.intern("lastName"), id);
  EXPECT_EQ(names.find("lastname"), kNoName);
  EXPECT_EQ(names.find("lastNam"), kNoName);
  EXPECT_EQ(names.find("lastName "), kNoName);
  EXPECT_EQ(names.find(std::string_view("lastName\0", 9)), kNoName);
  EXPECT_EQ(names.find(""), kNoName);
  EXPECT_EQ(names.find(std::string_view()), kNoName);
}

TEST(NameTable, KeepsNamesOfEverySizeApart) {
  NameTable names;
  std::vector<NameId> ids;
  for (std::size_t size = 0; size <= 300; ++size)
    ids.push_back(names.intern(std::string(size, 'n')));
  for (std::size_t size = 0; size <= 300; ++size) {
    // From a block of exact size: find() may read nothing behind the name.
    const auto key = std::make_unique<char[]>(size);
    std::fill_n(key.get(), size, 'n');
    EXPECT_EQ(names.find({key.get(), size}), ids[size]) << size;
    if (size == 0) continue;
    for (const std::size_t at : {std::size_t{0}, size / 2, size - 1}) {
      key[at] = 'N';
      EXPECT_EQ(names.find({key.get(), size}), kNoName) << size << " changed at " << at;
      key[at] = 'n';
    }
  }
}

TEST(NameTable, FindsACustomAttributeHoweverItIsSpelled) {
  NameTable names;
  const NameId id = names.intern(std::string(kApp) + "loyaltyTier");
  EXPECT_EQ(names.name(id), std::string(kApp) + "loyaltyTier");
  for (const std::string_view spelling : {
           "extension_loyaltyTier",
           "extension_LOYALTYTIER",
           "extension_loyaltytier",
           "extension_9c2f41d07be84a6c8f35d1e2a07b64c3_LoyaltyTier",
           "extension_9C2F41D07BE84A6C8F35D1E2A07B64C3_loyaltytier",
           "extension_00000000000000000000000000000000_loyaltyTier",
       }) {
    EXPECT_EQ(names.find(spelling), id) << spelling;
    EXPECT_EQ(names.intern(spelling), id) << spelling;
  }
  for (const std::string_view other : {
           "loyaltyTier",
           "extension_loyaltyTie",
           "extension_loyaltyTiers",
           "extension_",
           "Extension_loyaltyTier",
           "extension-loyaltyTier",
           "extensionloyaltyTier",
           "extension_9c2f41d07be84a6c8f35d1e2a07b64c3loyaltyTier",
           "extension_9c2f41d07be84a6c8f35d1e2a07b64c_loyaltyTier",
           "extension_9c2f41d07be84a6c8f35d1e2a07b64c33_loyaltyTier",
           "extension_9c2f41d07be84a6c8f35d1e2a07b64cg_loyaltyTier",
           "extension_g9c2f41d07be84a6c8f35d1e2a07b64c_loyaltyTier",
       }) {
    EXPECT_EQ(names.find(other), kNoName) << other;
  }
}

TEST(NameTable, TellsAnAttributeFromAClaimOfTheSameName) {
  NameTable names;
  const NameId attribute = names.intern("extension_email");
  EXPECT_NE(attribute, NameId{kEmail});
  EXPECT_EQ(names.find("email"), kEmail);
  EXPECT_EQ(names.find("extension_email"), attribute);
  const std::string name(40, 'q');
  const NameId plain = names.intern(name);
  const NameId extension = names.intern("extension_" + name);
  EXPECT_NE(plain, extension);
  EXPECT_EQ(names.find(name), plain);
  EXPECT_EQ(names.find("extension_" + name), extension);
}

TEST(NameTable, FoldsOnlyAsciiLettersOfAttributesOfEverySize) {
  NameTable names;
  for (std::size_t size = 1; size <= 300; ++size) {
    const NameId id = names.intern("extension_" + std::string(size, 'k'));
    for (std::size_t at = 0; at < size; ++at) {
      std::string attribute(size, 'K');
      EXPECT_EQ(names.find("extension_" + attribute), id);
      attribute[at] = '\x0B';  // 'K' without its upper bits, and 'k' without 0x60
      EXPECT_EQ(names.find("extension_" + attribute), kNoName) << size << " changed at " << at;
    }
  }
  // Neighbours of A-Z and a-z, and bytes above 0x7F, have no other case.
  constexpr std::pair<const char*, const char*> kDifferent[] = {
      {"@", "`"}, {"[", "{"}, {"^", "~"}, {"\xC3\x89", "\xC3\xA9"}, {"_", "\x7F"}};
  for (const auto& [one, other] : kDifferent) {
    const NameId id = names.intern(std::string("extension_1") + one);
    EXPECT_EQ(names.find(std::string("extension_1") + one), id);
    EXPECT_EQ(names.find(std::string("extension_1") + other), kNoName) << one;
  }
}

TEST(NameTable, HoldsItsLimitAndFindsAll) {
  NameTable names;
  std::vector<std::string> all;
  while (names.size() < NameTable::kNamesMax) {
    // The same first and last eight bytes and size: only the middle tells them apart.
    std::string number = std::to_string(100000 + names.size());
    all.push_back((names.size() % 2 == 0 ? "extension_" : "") +
                  ("attribute_" + number + "_attribute"));
    const std::size_t next = names.size();
    ASSERT_EQ(names.intern(all.back()), next);
  }
  EXPECT_EQ(names.intern("one more"), kNoName);
  EXPECT_EQ(names.intern("email"), kEmail);
  for (std::size_t i = 0; i < all.size(); ++i) {
    EXPECT_EQ(names.find(all[i]), i + kWellKnownCount) << all[i];
  }
}

TEST(NameTable, IsTheSameTableWhenCopied) {
  NameTable names;
  const NameId id = names.intern("extension_anAttributeWithALongName");
  const auto original = std::make_unique<NameTable>(std::move(names));
  const NameTable copy = *original;
  EXPECT_EQ(copy.fingerprint(), original->fingerprint());
  NameTable other;
  EXPECT_NE(other.fingerprint(), copy.fingerprint());
  other.intern("anAttributeWithALongName");
  EXPECT_NE(other.fingerprint(), copy.fingerprint());
  EXPECT_EQ(copy.find("extension_ANATTRIBUTEWITHALONGNAME"), id);
}

TEST(SplitExtension, FollowsTheTwoPatterns) {
  struct Case {
    std::string_view key, attribute;
  };
  constexpr Case kCases[] = {
      {"extension_9c2f41d07be84a6c8f35d1e2a07b64c3_Tier", "Tier"},
      {"extension_ABCDEFabcdef01234567890123456789_Tier", "Tier"},
      {"extension_9c2f41d07be84a6c8f35d1e2a07b64c3__", "_"},
      {"extension_9c2f41d07be84a6c8f35d1e2a07b64c3_", "9c2f41d07be84a6c8f35d1e2a07b64c3_"},
      {"extension_9c2f41d07be84a6c8f35d1e2a07b64c3", "9c2f41d07be84a6c8f35d1e2a07b64c3"},
      {"extension_9c2f41d07be84a6c8f35d1e2a07b64cG_Tier", "9c2f41d07be84a6c8f35d1e2a07b64cG_Tier"},
      {"extension_9c2f41d07be84a6c8f35d1e2a07b64c\xE3_Tier",
       "9c2f41d07be84a6c8f35d1e2a07b64c\xE3_Tier"},
      {"extension_Tier", "Tier"},
      {"extension__", "_"},
      {"extension_a", "a"},
  };
  for (const Case& c : kCases) {
    std::string_view attribute;
    EXPECT_TRUE(split_extension(c.key, attribute)) << c.key;
    EXPECT_EQ(attribute, c.attribute) << c.key;
  }
  for (const std::string_view key :
       {"", "extension_", "extension", "Extension_a", "xextension_a"}) {
    std::string_view attribute;
    EXPECT_FALSE(split_extension(key, attribute)) << key;
  }
}

TEST(SplitExtension, TakesEveryHexadecimalDigitAndNoOtherByte) {
  for (int byte = 0; byte < 256; ++byte) {
    const char c = static_cast<char>(byte);
    const bool hexadecimal =
        std::string_view("0123456789abcdefABCDEF").find(c) != std::string_view::npos;
    for (const std::size_t at : {0U, 15U, 16U, 31U}) {
      std::string key = "extension_9c2f41d07be84a6c8f35d1e2a07b64c3_Tier";
      key[10 + at] = c;
      std::string_view attribute;
      ASSERT_TRUE(split_extension(key, attribute));
      EXPECT_EQ(attribute == "Tier", hexadecimal) << byte << " at " << at;
    }
  }
}

}  // namespace
