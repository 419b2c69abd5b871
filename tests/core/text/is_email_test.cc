#include <gtest/gtest.h>

#include <random>
#include <string>

#include "core/text/email.h"
#include "exact_text.h"

namespace core::text {
namespace {

bool accepted(std::string_view text) { return is_email(ExactText{text}.view()); }

TEST(IsEmail, AcceptsMailboxes) {
  for (const std::string_view text : {
           "simple@example.com",
           "a@b.co",
           "very.common@example.com",
           "FirstName.LastName@EasierReading.org",
           "disposable.style.with+symbol@example.com",  // RFC 5322, 3.2.3: atext
           "other.email-with-hyphen@example.com",
           "x@example.com",
           "1234567890@example.com",
           "_______@example.com",
           "#!$%&'*+-/=?^_`{}|~@example.org",
           "mailhost!username@example.org",
           "user%example.com@example.org",
           "user-@example.org",
           "example@s.example",
           "a@sub.sub.example.museum",  // any top-level domain
           "a@1-2.example",
           "a@123.example",
           "a@xn--mnchen-3ya.example",
           "\"john..doe\"@example.org",
           "\" \"@example.org",  // RFC 5321, 4.1.2: quoted-string
           "\"a@b\"@example.org",
           "\"a\\\"b\\\\\"@example.org",
           "\u7528\u6237@\u4F8B\u5B50.\u5E7F\u544A",  // RFC 6531, 3.3
           "\u0434\u043E\u043A@\u043F\u0440\u0438\u043C\u0435\u0440.\u0440\u0444",
           "j\u00F6rg@m\u00FCnchen.example",
           "jose\u0301@example.com",
           "a@\uFF45xample.com",  // UTS #46 maps full-width letters
       }) {
    EXPECT_TRUE(accepted(text)) << text;
  }
}

TEST(IsEmail, RefusesTheRest) {
  for (const std::string_view text : {
           "",
           "@",
           "a",
           "a@",
           "@example.com",
           "abc.example.com",
           "a@b",  // no dot: sign-up is from outside
           "a@localhost",
           "a@b.",
           "a@.b",
           "a@b..c",
           "a@b.c.",
           ".a@example.com",
           "a.@example.com",
           "a..b@example.com",  // RFC 5321, 4.1.2: Dot-string
           "a b@example.com",
           " a@example.com",
           "a@example.com ",
           "a@example.com\n",
           "a@b@example.com",
           "a\"b@example.com",
           "\"a@example.com",
           "\"\"@example.com",
           "\"a\"b\"@example.com",
           "\"a\\\"@example.com",
           "\"a\nb\"@example.com",
           "this\\ is@example.com",
           "(comment)a@example.com",
           "Anna <a@example.com>",
           "a,b@example.com",
           "a;b@example.com",
           "a:b@example.com",
           "[a]@example.com",
           "a@-b.example",
           "a@b-.example",
           "a@b_c.example",
           "a@exa mple.com",
           "a@b!.example",
           "a@[192.0.2.1]",
           "a@[IPv6:2001:db8::1]",
           "a@192.0.2.1",
           "a@example.123",
           "a@b\u00A0c.example",
           "a\u00A0b@example.com",
           "a\u200Bb@example.com",
           "a\u202Eb@example.com",
           "a\u0085b@example.com",
           "a\x01@example.com",
           "a\x7F@example.com",
           "a\xFF@example.com",
           "a@\xC3.example",
           "a@\u2603\u2028.example",
       }) {
    EXPECT_FALSE(accepted(text)) << text;
  }
  EXPECT_FALSE(accepted(std::string_view{"a\0b@example.com", 15}));
  EXPECT_FALSE(accepted(std::string_view{"a@exam\0ple.com", 14}));
}

TEST(IsEmail, CountsBytes) {
  const auto local = [](std::size_t size) { return std::string(size, 'a') + "@example.com"; };
  EXPECT_TRUE(accepted(local(64)));  // RFC 5321, 4.5.3.1.1
  EXPECT_FALSE(accepted(local(65)));
  const auto label = [](std::size_t size) { return "a@" + std::string(size, 'b') + ".example"; };
  EXPECT_TRUE(accepted(label(63)));  // RFC 1035, 2.3.4
  EXPECT_FALSE(accepted(label(64)));
  const std::string most = std::string(63, 'b') + '.';
  const std::string domain = most + most + most;                               // 192 bytes
  EXPECT_TRUE(accepted(std::string(50, 'a') + '@' + domain + "example.org"));  // 254
  EXPECT_FALSE(accepted(std::string(51, 'a') + '@' + domain + "example.org"));
  std::string foreign = "a@";
  for (int i = 0; i < 60; ++i) foreign += "\u4E2D";
  EXPECT_FALSE(accepted(foreign + ".example"));  // its A-label is longer than 63
}

TEST(IsEmail, RandomBytesHurtNobody) {
  std::mt19937 random{6};
  constexpr std::string_view kPieces[] = {"a",    ".", "@", "\"",   "\\", "\u00FC", "\u3002",
                                          "\xC3", "-", " ", "xn--", "1",  "\u0301", "\U0001F600"};
  std::size_t good = 0;
  for (int round = 0; round < 50'000; ++round) {
    std::string text;
    for (std::size_t i = random() % 12; i > 0; --i) text += kPieces[random() % std::size(kPieces)];
    if (!accepted(text)) continue;
    ++good;
    // Whatever is accepted has a domain that comparing leaves as a name of ASCII.
    Arena arena{4096};
    const std::string_view domain = normalise_domain(split_email(text).domain, arena);
    EXPECT_EQ(domain.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-."),
              std::string_view::npos)
        << text;
  }
  EXPECT_GT(good, 0U);
}

}  // namespace
}  // namespace core::text
