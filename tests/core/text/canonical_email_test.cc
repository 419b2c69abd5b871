#include "core/text/canonical_email.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "core/text/text.h"
#include "exact_text.h"

namespace core::text {
namespace {

std::string canonical(std::string_view email) {
  Arena arena{4096};
  return std::string{canonical_email(ExactText{email}.view(), arena)};
}

struct EmailCase {
  std::string_view email, expected;
};

TEST(CanonicalEmail, EachProviderAsItDocuments) {
  constexpr EmailCase kCases[] = {
      // support.google.com/mail/answer/7436150 names these as one inbox.
      {"john.smith@gmail.com", "johnsmith@gmail.com"},
      {"jo.hn.sm.ith@gmail.com", "johnsmith@gmail.com"},
      {"j.o.h.n.s.m.i.t.h@gmail.com", "johnsmith@gmail.com"},
      {"John.Smith+shop@GoogleMail.com", "johnsmith@gmail.com"},
      {"johnsmith@gmail.com", "johnsmith@gmail.com"},
      {"anna.lind+news@outlook.com", "anna.lind@outlook.com"},
      {"anna+news@hotmail.com", "anna@hotmail.com"},
      {"anna+news@live.com", "anna@live.com"},
      {"anna@me.com", "anna@icloud.com"},
      {"Anna@mac.com", "anna@icloud.com"},
      {"anna+x@icloud.com", "anna+x@icloud.com"},  // by no page of Apple's
      {"nickname-keyword@yahoo.com", "nickname@yahoo.com"},
      {"anna.lind-shop@ymail.com", "anna.lind@ymail.com"},
      {"anna+x@yahoo.com", "anna+x@yahoo.com"},
      {"anna+news@fastmail.com", "anna@fastmail.com"},
      {"news@anna.fastmail.com", "anna@fastmail.com"},
      {"news+x@anna.fastmail.fm", "anna@fastmail.fm"},
      {"a@b.anna.fastmail.com", "a@b.anna.fastmail.com"},
      {"alice+shop@protonmail.com", "alice@proton.me"},
      {"alice@pm.me", "alice@proton.me"},
      {"alice.jones@proton.me", "alice.jones@proton.me"},
      {"ivan@ya.ru", "ivan@yandex.ru"},
      {"ivan@yandex.com", "ivan@yandex.ru"},
      {"news@anna.gmail.com", "news@anna.gmail.com"},
  };
  for (const EmailCase& c : kCases) EXPECT_EQ(canonical(c.email), c.expected) << c.email;
}

TEST(CanonicalEmail, ElsewhereOnlyTheLetterCase) {
  constexpr EmailCase kCases[] = {
      {"Anna.Lind+x@Example.com", "anna.lind+x@example.com"},
      {"  anna@EXAMPLE.com. ", "anna@example.com"},
      {"J\u00D6RG@M\u00DCnchen.example", "j\u00F6rg@xn--mnchen-3ya.example"},
      {"anna-x@example.org", "anna-x@example.org"},
      {"anna@gmail.com.example", "anna@gmail.com.example"},
  };
  for (const EmailCase& c : kCases) EXPECT_EQ(canonical(c.email), c.expected) << c.email;
}

TEST(CanonicalEmail, KeepsALocalPartThatWouldVanish) {
  EXPECT_EQ(canonical("+x@gmail.com"), "+x@gmail.com");
  EXPECT_EQ(canonical("...@gmail.com"), "...@gmail.com");
  EXPECT_EQ(canonical("-x@yahoo.com"), "-x@yahoo.com");
}

TEST(CanonicalEmail, LeavesQuotedLocalPartsAlone) {
  EXPECT_EQ(canonical("\"Anna.L+x\"@Gmail.COM"), "\"Anna.L+x\"@gmail.com");
  EXPECT_EQ(canonical("  \"a@B\"@EXAMPLE.org"), "\"a@B\"@example.org");
}

TEST(CanonicalEmail, IsNullForWhatIsNoAddressAndWhenTheArenaIsFull) {
  Arena arena{64};
  for (const std::string_view text : {"", "anna", "@example.com", "anna@", "  "}) {
    EXPECT_EQ(canonical_email(text, arena).data(), nullptr) << text;
    EXPECT_FALSE(arena.exhausted()) << text;
  }
  for (const std::string_view text : {"a.b@gmail.com", "A@EXAMPLE.com", "\"A\"@b.C"}) {
    Arena small{4};
    EXPECT_EQ(canonical_email(text, small).data(), nullptr) << text;
    EXPECT_TRUE(small.exhausted()) << text;
  }
}

TEST(CanonicalEmail, AnswersTheArgumentWhenNothingChanges) {
  constexpr std::string_view kEmail = "anna@example.com";
  Arena arena{64};
  EXPECT_EQ(canonical_email(kEmail, arena).data(), kEmail.data());
  EXPECT_EQ(arena.used(), 0U);
}

TEST(CanonicalEmail, TwiceIsOnce) {
  std::mt19937 random{5};
  constexpr std::string_view kPieces[] = {
      "a", "B", ".",  "+", "-",      "@gmail.com",      "@yahoo.com",
      "@", "1", "\"", " ", "\u00E9", "@x.fastmail.com", "@ya.ru"};
  for (int round = 0; round < 20'000; ++round) {
    std::string text;
    for (std::size_t i = random() % 9; i > 0; --i) text += kPieces[random() % std::size(kPieces)];
    const std::string once = canonical(text);
    ASSERT_EQ(find_invalid_utf8(once), once.size());
    ASSERT_EQ(canonical(once), once) << text;
  }
}

}  // namespace
}  // namespace core::text
