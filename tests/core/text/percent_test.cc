#include <gtest/gtest.h>

#include <string>

#include "core/text/percent.h"

namespace core::text {
namespace {

std::string percent(std::string_view text) {
  std::string to = "a=";
  append_percent_encoded(to, text);
  return to;
}

TEST(Percent, KeepsUnreservedCharactersAlone) {
  EXPECT_EQ(percent("AZaz09-._~"), "a=AZaz09-._~");
  EXPECT_EQ(percent("a b+c&d=e/f?g#h%"), "a=a%20b%2Bc%26d%3De%2Ff%3Fg%23h%25");
  EXPECT_EQ(percent("\xc3\xa5"), "a=%C3%A5");
  EXPECT_EQ(percent(std::string_view("\0\n\x7f", 3)), "a=%00%0A%7F");
  EXPECT_EQ(percent(""), "a=");
}

}  // namespace
}  // namespace core::text
