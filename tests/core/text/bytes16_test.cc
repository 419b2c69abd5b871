#include "core/text/bytes16.h"

#include <gtest/gtest.h>

#include <string>

#include "exact_text.h"

namespace core::text {
namespace {

std::string bytes_of(Bytes16 bytes) {
  std::string text(16, '\0');
  bytes.store(text.data());
  return text;
}

TEST(Bytes16, PartsAreReadAndWrittenToTheByte) {
  const std::string letters = "abcdefghijklmnop";
  for (std::size_t size = 0; size < 16; ++size) {
    SCOPED_TRACE(size);
    const ExactText from{letters.substr(0, size)};
    const Bytes16 part = Bytes16::load_part(from.view().data(), size);
    EXPECT_EQ(bytes_of(part), letters.substr(0, size) + std::string(16 - size, '\0'));
    const ExactText to{std::string(size, '.')};
    part.store_part(const_cast<char*>(to.view().data()), size);
    EXPECT_EQ(to.view(), letters.substr(0, size));
  }
}

TEST(Bytes16, ComparesBytesAsUnsigned) {
  for (unsigned byte = 0; byte < 256; ++byte) {
    const std::string text(16, static_cast<char>(byte));
    const Bytes16 bytes = Bytes16::load(text.data());
    EXPECT_EQ(bytes.top_bits(), byte >= 0x80 ? 0xFFFFU : 0U) << byte;
    EXPECT_EQ(bytes.equal(0xE2).top_bits(), byte == 0xE2 ? 0xFFFFU : 0U) << byte;
    EXPECT_EQ(bytes.within('A', 'Z').top_bits(), byte >= 'A' && byte <= 'Z' ? 0xFFFFU : 0U) << byte;
    EXPECT_EQ(bytes.within(0x80, 0xBF).top_bits(), byte >= 0x80 && byte <= 0xBF ? 0xFFFFU : 0U)
        << byte;
    EXPECT_EQ(bytes.within(0, 0x1F).top_bits(), byte <= 0x1F ? 0xFFFFU : 0U) << byte;
  }
}

TEST(Bytes16, MovesUpByOneAcrossTheBorder) {
  const std::string first = "0123456789abcdef";
  const std::string second = "ghijklmnopqrstuv";
  EXPECT_EQ(bytes_of(Bytes16::load(second.data()).moved_up(Bytes16::load(first.data()))),
            "fghijklmnopqrstu");
}

TEST(Bytes16, CombinesBits) {
  const Bytes16 a = Bytes16::all(0x0F);
  const Bytes16 b = Bytes16::all(0x3C);
  EXPECT_EQ(bytes_of(a & b), std::string(16, '\x0C'));
  EXPECT_EQ(bytes_of(a | b), std::string(16, '\x3F'));
  EXPECT_EQ(bytes_of(a ^ b), std::string(16, '\x33'));
  EXPECT_EQ(bytes_of(a.without(b)), std::string(16, '\x03'));
}

TEST(Bytes16, GathersTopBitsInOrder) {
  std::string text(16, 'a');
  text[0] = '\x80';
  text[9] = '\xFF';
  text[15] = '\xC3';
  EXPECT_EQ(Bytes16::load(text.data()).top_bits(), 0x8201U);
}

}  // namespace
}  // namespace core::text
