#include "core/gate/caller.h"

#include <gtest/gtest.h>

namespace core::gate {
namespace {

// RFC 4648, section 10.
TEST(Base64, EncodesThePublishedVectors) {
  EXPECT_EQ(base64(""), "");
  EXPECT_EQ(base64("f"), "Zg==");
  EXPECT_EQ(base64("fo"), "Zm8=");
  EXPECT_EQ(base64("foo"), "Zm9v");
  EXPECT_EQ(base64("foob"), "Zm9vYg==");
  EXPECT_EQ(base64("fooba"), "Zm9vYmE=");
  EXPECT_EQ(base64("foobar"), "Zm9vYmFy");
}

TEST(CallerCheck, AdmitsEachOfItsCredentialsAndNobodyElse) {
  CallerCheck check;
  EXPECT_FALSE(check.admits("Basic Og==")) << "nobody is known yet";
  check.accept_basic("b2c", "s3cr:et");
  check.accept_basic("b2c", "next");
  EXPECT_TRUE(check.admits("Basic " + base64("b2c:s3cr:et")));
  EXPECT_TRUE(check.admits("BASIC   " + base64("b2c:next")));
  const std::string right = base64("b2c:s3cr:et");
  for (std::size_t i = 0; i < right.size(); ++i) {
    std::string wrong = right;
    wrong[i] = wrong[i] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(check.admits("Basic " + wrong));
    EXPECT_FALSE(check.admits("Basic " + right.substr(0, i)));
  }
  EXPECT_FALSE(check.admits("Basic " + right + "A"));
  EXPECT_FALSE(check.admits("Basic " + base64("b2c:S3cr:et")));
  EXPECT_FALSE(check.admits("Basic" + right));
  EXPECT_FALSE(check.admits(""));
}

TEST(CallerCheck, AdmitsEverybodyOnlyInWords) {
  EXPECT_TRUE(CallerCheck::anonymous().admits(""));
  EXPECT_FALSE(CallerCheck().admits(""));
}

}  // namespace
}  // namespace core::gate
