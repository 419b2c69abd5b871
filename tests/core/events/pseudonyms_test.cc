#include "core/events/pseudonyms.h"

#include <gtest/gtest.h>

namespace core::events {
namespace {

const std::string kKey = "0123456789abcdef0123456789abcdef";
const std::string kOther = "fedcba9876543210fedcba9876543210";

TEST(Pseudonyms, HashesAreHmacSha256) {
  // RFC 4231, 4.3 and 4.7: a short key, and one longer than a block.
  EXPECT_EQ(Pseudonyms({"Jefe"}).hash("what do ya want for nothing?"),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(Pseudonyms({std::string(131, '\xaa')}).hash("Test Using Larger Than Block-Size Key - Hash Key First"),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST(Pseudonyms, HashesOfOneAfterTheOtherAreIndependent) {
  const Pseudonyms pseudonyms({kKey});
  const std::string first = pseudonyms.hash("ann@a.example");
  EXPECT_NE(pseudonyms.hash("bob@a.example"), first);
  EXPECT_EQ(pseudonyms.hash("ann@a.example"), first);
  EXPECT_EQ(pseudonyms.hash("").size(), Pseudonyms::kHashChars);
  EXPECT_NE(Pseudonyms({kOther}).hash("ann@a.example"), first);
}

TEST(Pseudonyms, TokensAreTheSameForTheSameValueAndTurnBack) {
  const Pseudonyms pseudonyms({kKey});
  for (const std::string& value : {std::string("ann@a.example"), std::string(), std::string("ä"), std::string(4000, 'x')}) {
    SCOPED_TRACE(value.size());
    const std::string token = pseudonyms.token(value);
    EXPECT_TRUE(token.starts_with("tok_"));
    EXPECT_EQ(pseudonyms.token(value), token);
    EXPECT_EQ(pseudonyms.reveal(token), value);
    EXPECT_EQ(Pseudonyms({kOther}).reveal(token), std::nullopt);
  }
}

TEST(Pseudonyms, AnOlderKeyTurnsItsTokensBackAndMakesNone) {
  const std::string token = Pseudonyms({kOther}).token("ann@a.example");
  const Pseudonyms changed({kKey, kOther});
  EXPECT_EQ(changed.reveal(token), "ann@a.example");
  EXPECT_NE(changed.token("ann@a.example"), token);
}

TEST(Pseudonyms, ATokenThatWasChangedIsNone) {
  const Pseudonyms pseudonyms({kKey});
  const std::string token = pseudonyms.token("ann@a.example");
  for (std::size_t i = 0; i < token.size(); ++i) {
    std::string changed = token;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    EXPECT_NE(pseudonyms.reveal(changed), "ann@a.example") << i;
    EXPECT_EQ(pseudonyms.reveal(token.substr(0, i)), std::nullopt) << i;
  }
}

TEST(Pseudonyms, WithoutAKeyThereAreNone) {
  const Pseudonyms pseudonyms({});
  EXPECT_FALSE(pseudonyms.usable());
  EXPECT_EQ(pseudonyms.hash("a"), "");
  EXPECT_EQ(pseudonyms.token("a"), "");
}

}  // namespace
}  // namespace core::events
