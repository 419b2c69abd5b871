#include "core/text/base64.h"

#include <gtest/gtest.h>

#include <cstring>
#include <memory>

namespace core::text {
namespace {

/// From a buffer of exact size.
std::optional<std::string> decoded(std::string_view text) {
  const std::unique_ptr<char[]> exact(new char[text.size()]);
  if (!text.empty()) std::memcpy(exact.get(), text.data(), text.size());
  return decode_base64({exact.get(), text.size()});
}

TEST(DecodeBase64, ReadsTheVectorsOfTheRfc) {  // RFC 4648, 10
  EXPECT_EQ(decoded(""), "");
  EXPECT_EQ(decoded("Zg=="), "f");
  EXPECT_EQ(decoded("Zm8="), "fo");
  EXPECT_EQ(decoded("Zm9v"), "foo");
  EXPECT_EQ(decoded("Zm9vYg=="), "foob");
  EXPECT_EQ(decoded("Zm9vYmE="), "fooba");
  EXPECT_EQ(decoded("Zm9vYmFy"), "foobar");
  EXPECT_EQ(decoded("+/8A"), std::string("\xfb\xff\x00", 3));
}

TEST(DecodeBase64, RefusesEverythingElse) {
  for (const char* text : {"Z", "Zg", "Zg=", "Zg===", "Z===", "====", "Zh==", "Zm9=", "Zm9v\n", "Zm-_", "Zg==Zg==", "=Zg="}) {
    EXPECT_FALSE(decoded(text)) << text;
  }
}

}  // namespace
}  // namespace core::text
