#include "core/text/email.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "core/text/text.h"
#include "exact_text.h"

namespace core::text {
namespace {

class Email : public testing::Test {
 protected:
  std::string domain(std::string_view text) {
    arena_.reset();
    return std::string{normalise_domain(ExactText{text}.view(), arena_)};
  }
  std::string email(std::string_view text) {
    arena_.reset();
    return std::string{normalise_email(ExactText{text}.view(), arena_)};
  }
  Arena arena_{1 << 16};
};

TEST_F(Email, IsCutAtTheLastAt) {
  struct Case {
    std::string_view address, local, domain;
  };
  constexpr Case kCases[] = {
      {"a@b.example", "a", "b.example"},
      {"\"a@b\"@c.example", "\"a@b\"", "c.example"},
      {"a@b@c.example", "a@b", "c.example"},
      {"A.B+tag@C.example", "A.B+tag", "C.example"},
      {"@b.example", "", ""},
      {"a@", "", ""},
      {"a", "", ""},
      {"@", "", ""},
      {"", "", ""},
  };
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.address);
    const EmailParts parts = split_email(c.address);
    EXPECT_EQ(parts.local, c.local);
    EXPECT_EQ(parts.domain, c.domain);
  }
}

TEST_F(Email, EverySpellingOfADomainIsOneDomain) {
  // hardening: domain bypass by case, trailing dot, IDN dot, full-width; and what UTS #46 folds.
  for (const std::string_view spelling : {
           "example.com",
           "EXAMPLE.COM",
           "eXample.cOm",
           "example.com.",
           "example.com..",
           "EXAMPLE.COM.",
           " example.com ",
           "\texample.com\n",
           "example.com. ",
           "example\u3002com",
           "example\uFF0Ecom",
           "example\uFF61com",
           "example.com\u3002",
           "example.com\uFF0E\uFF61.",
           "\uFF45\uFF58\uFF41\uFF4D\uFF50\uFF4C\uFF45.com",
           "\uFF25\uFF38\uFF21\uFF2D\uFF30\uFF2C\uFF25\uFF0E\uFF23\uFF2F\uFF2D",
           "exam\u00ADple.com",     // soft hyphen: ignored
           "exam\u200Bple.com",     // zero width space: ignored
           "example.com\u2060",     // word joiner: ignored
           "example.com.\u00AD",    // the dot is last once that is gone
           "\u24D4xample.com",      // circled letter
           "\U0001D41Example.com",  // mathematical bold letter
           "e\u24E7ample.com",
           "example.\u2102OM",  // double-struck capital
           "example.co\u217F",  // small roman numeral one thousand
           "\u00A0example.com\u3000",
       }) {
    EXPECT_EQ(domain(spelling), "example.com") << spelling;
  }
}

TEST_F(Email, InternationalDomainsBecomeALabels) {
  struct Case {
    std::string_view text, expected;
  };
  constexpr Case kCases[] = {
      {"m\u00FCnchen.example", "xn--mnchen-3ya.example"},
      {"M\u00DCNCHEN.EXAMPLE.", "xn--mnchen-3ya.example"},
      {"mu\u0308nchen.example", "xn--mnchen-3ya.example"},   // decomposed
      {"XN--MNCHEN-3YA.Example", "xn--mnchen-3ya.example"},  // ASCII: small letters, nothing more
      {"b\u00FCcher\u3002example", "xn--bcher-kva.example"},
      {"fa\u00DF.example", "xn--fa-hia.example"},  // nontransitional: the sharp s stays itself
      {"\u03B2\u03CC\u03BB\u03BF\u03C2.example", "xn--nxasmm1c.example"},  // so does final sigma
      {"\u65E5\u672C\u8A9E.example", "xn--wgv71a119e.example"},
      {"\u043F\u0440\u0438\u043C\u0435\u0440.example", "xn--e1afmkfd.example"},
      {"xn--bcher-kva.m\u00FCnchen", "xn--bcher-kva.xn--mnchen-3ya"},
  };
  for (const Case& c : kCases) EXPECT_EQ(domain(c.text), c.expected) << c.text;
}

TEST_F(Email, AsciiDomainsAreLeftAsTheyAre) {
  for (const std::string_view text :
       {"", "a", "example.com", "sub.example.com", "a_b.example", "-a.example", "r3---sn.example",
        "xn--zzzzzz-.example", "a..b", "127.0.0.1", "[::1]"}) {
    const std::string_view answer = normalise_domain(text, arena_);
    EXPECT_EQ(answer, text);
    EXPECT_EQ(answer.data(), text.data()) << "no copy";
  }
  EXPECT_EQ(arena_.used(), 0U);
  EXPECT_EQ(domain("."), "");
  EXPECT_EQ(domain("..."), "");
  EXPECT_EQ(domain("\u3002"), "");
}

TEST_F(Email, ADomainThatIdnaRefusesIsLowerCased) {
  struct Case {
    std::string_view text, expected;
  };
  constexpr Case kCases[] = {
      {"\u0301x.EXAMPLE", "\u0301x.example"},  // begins with a combining mark
      {"\uFF32\uFF13---\u00C9.Example.", "r3---\u00E9.example"},
      {"A\u00C9\uFFFD.example", "a\u00E9\uFFFD.example"},
  };
  for (const Case& c : kCases) EXPECT_EQ(domain(c.text), c.expected) << c.text;

  const std::string label(64, 'a');  // a label has 63 bytes at most
  EXPECT_EQ(domain(label + "\u00E9.example"), label + "\u00E9.example");
  const std::string_view nul{"\u00C9\0.example", 11};
  EXPECT_EQ(domain(nul), (std::string{"\u00E9\0.example", 11}));
}

TEST_F(Email, AnOverlongDomainIsLowerCasedWithoutTheLibrary) {
  std::string text;
  while (text.size() <= 2048) text += "\u00C9.";
  std::string expected;
  while (expected.size() <= 2048) expected += "\u00E9.";
  expected.pop_back();
  EXPECT_EQ(domain(text), expected);
}

TEST_F(Email, EverySpellingOfAnAddressIsOneAddress) {
  for (const std::string_view spelling : {
           "ines@example.com",
           "Ines@Example.COM",
           " ines@example.com ",
           "\u3000ines@example.com\u00A0\n",
           "ines@example.com.",
           "INES@EXAMPLE.COM..",
           "ines@example\u3002com",
           "ines@\uFF25xample.com",
           "ines@ example.com",
       }) {
    EXPECT_EQ(email(spelling), "ines@example.com") << spelling;
  }
}

TEST_F(Email, BothPartsAreNormalisedInTheirOwnWay) {
  struct Case {
    std::string_view text, expected;
  };
  constexpr Case kCases[] = {
      {"J\u00D6RG@M\u00DCNCHEN.example", "j\u00F6rg@xn--mnchen-3ya.example"},
      {"J\u00D6RG@example.com", "j\u00F6rg@example.com"},
      {"j\u00F6rg@example.com.", "j\u00F6rg@example.com"},
      {"\"A@B\"@C.example", "\"a@b\"@c.example"},
      {"no address", "no address"},
      {"No Address", "no address"},
      {" N\u00D6 ", "n\u00F6"},
      {"@Example.COM.", "@example.com."},
      {"A@", "a@"},
      {"a@.", "a@"},
      {"", ""},
      {"  ", ""},
  };
  for (const Case& c : kCases) EXPECT_EQ(email(c.text), c.expected) << c.text;
}

TEST_F(Email, ANormalAddressIsTheArgumentItself) {
  for (const std::string_view address :
       {"ines@example.com", "ines.marques+tag@a.long.domain.example", "j\u00F6rg@example.com"}) {
    EXPECT_EQ(normalise_email(address, arena_).data(), address.data());
  }
  constexpr std::string_view kPadded = " j\u00F6rg@example.com. ";
  const std::string_view answer = normalise_email(kPadded, arena_);
  EXPECT_EQ(answer, "j\u00F6rg@example.com");
  EXPECT_EQ(answer.data(), kPadded.data() + 1);
  EXPECT_EQ(arena_.used(), 0U);
}

TEST_F(Email, NormalisingTwiceChangesNothing) {
  std::mt19937 random{3};
  constexpr std::string_view kPieces[] = {
      "a",    "B", ".",      "@",      "\u3002", "\uFF21", "\u00FC", " ", "\u00DF",
      "xn--", "-", "\u00AD", "\u0301", "\u4E2D", "\uFF0E", "\u2102", "1", "_"};
  for (int round = 0; round < 20'000; ++round) {
    std::string text;
    for (std::size_t i = random() % 12; i > 0; --i) text += kPieces[random() % std::size(kPieces)];
    const std::string name = domain(text);
    ASSERT_EQ(find_invalid_utf8(name), name.size());
    ASSERT_EQ(domain(name), name) << text;
  }
}

TEST_F(Email, RandomBytesHurtNobody) {
  std::mt19937 random{4};
  for (int round = 0; round < 20'000; ++round) {
    std::string text;
    for (std::size_t i = random() % 30; i > 0; --i) text += static_cast<char>(random());
    EXPECT_LE(domain(text).size(), 4096U);
    EXPECT_LE(email("a@" + text).size(), 4096U);
  }
}

TEST_F(Email, SaysThatTheArenaIsFull) {
  struct Case {
    std::string_view text;
    std::size_t capacity;
  };
  constexpr Case kDomains[] = {{"EXAMPLE.COM", 10},
                               {"m\u00FCnchen.example", 15},
                               {"m\u00FCnchen.example", 30},
                               {"\u0301x.EXAMPLE", 11},
                               {"\u0301x.\u00C9", 7}};
  for (const Case& c : kDomains) {
    Arena small{c.capacity};
    EXPECT_TRUE(normalise_domain(c.text, small).empty()) << c.text;
    EXPECT_TRUE(small.exhausted()) << c.text;
  }
  constexpr Case kAddresses[] = {
      {"A@B.C", 4}, {"\u00C9@b.c", 2}, {"\u00C9@B.c", 7}, {"a\u00C9@m\u00FCnchen.example", 5}};
  for (const Case& c : kAddresses) {
    Arena small{c.capacity};
    EXPECT_TRUE(normalise_email(c.text, small).empty()) << c.text;
    EXPECT_TRUE(small.exhausted()) << c.text;
  }
}

}  // namespace
}  // namespace core::text
