#include "core/callers/base64url.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/core/callers/signed_token.h"

namespace core::callers {
namespace {

std::optional<std::string> decoded(std::string_view text) {
  const Exact exact(text);
  std::string to(base64url_bytes_max(text.size()), '\0');
  const std::optional<std::size_t> size = decode_base64url(exact.view(), to.data());
  if (!size) return std::nullopt;
  to.resize(*size);
  return to;
}

// RFC 4648, 10, without padding, and RFC 7515, A.3 and C.
TEST(Base64Url, DecodesThePublishedVectors) {
  EXPECT_EQ(decoded(""), "");
  EXPECT_EQ(decoded("Zg"), "f");
  EXPECT_EQ(decoded("Zm8"), "fo");
  EXPECT_EQ(decoded("Zm9v"), "foo");
  EXPECT_EQ(decoded("Zm9vYg"), "foob");
  EXPECT_EQ(decoded("Zm9vYmE"), "fooba");
  EXPECT_EQ(decoded("Zm9vYmFy"), "foobar");
  EXPECT_EQ(decoded("eyJhbGciOiJFUzI1NiJ9"), R"({"alg":"ES256"})");
  EXPECT_EQ(decoded("A-z_4ME"), "\x03\xec\xff\xe0\xc1");
}

TEST(Base64Url, RefusesAnotherAlphabetPaddingAndLengthsThatNothingHas) {
  for (const std::string_view text : {"Z", "Zm9vY", "Zg==", "Zm8=", "Zm9vYg=", "A+z/", "Zm9v ", " Zm9v",
                                      "Zm\n9v", "Zm9v.", "Zm9\x80", "Zm9\xff", "=", "===="}) {
    EXPECT_EQ(decoded(text), std::nullopt) << text;
  }
  EXPECT_EQ(decoded(std::string_view("Zm9\0", 4)), std::nullopt);
}

// Otherwise one signature has several spellings.
TEST(Base64Url, RefusesBitsBehindTheLastByte) {
  std::size_t taken = 0;
  for (int c = 0; c < 256; ++c) {
    const char last = static_cast<char>(c);
    taken += decoded(std::string("Z") + last).has_value() ? 1 : 0;
    taken += decoded(std::string("Zm") + last).has_value() ? 1 : 0;
  }
  EXPECT_EQ(taken, 4u + 16u) << "of 64 each";
}

TEST(Base64Url, IsTheInverseOfEncoding) {
  std::string bytes;
  for (int i = 0; i < 300; ++i) {
    EXPECT_EQ(decoded(base64url(bytes)), bytes);
    bytes += static_cast<char>(i * 167 + 13);
  }
}

}  // namespace
}  // namespace core::callers
