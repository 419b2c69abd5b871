#include "core/decisions/key.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace core::decisions {
namespace {

/// The key 00 01 02 ... 0f of the published vectors.
constexpr Seed kVectorSeed{0x0706050403020100, 0x0f0e0d0c0b0a0908};

/// The 16 bytes of the output in the order in which the vectors list them.
std::string bytes_of(const Key& key) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const std::uint64_t word : {key.low, key.high}) {
    for (unsigned i = 0; i < 8; ++i) {
      const auto byte = static_cast<unsigned>(word >> (8 * i)) & 0xffU;
      text += kDigits[byte >> 4U];
      text += kDigits[byte & 15U];
    }
  }
  return text;
}

std::string counted_up(std::size_t size) {
  std::string bytes;
  for (std::size_t i = 0; i < size; ++i) bytes += static_cast<char>(i);
  return bytes;
}

// vectors_sip128 of the reference code (github.com/veorq/SipHash, vectors.h): inputs 00 01 02 ...
TEST(KeyHash, GivesThePublishedVectors) {
  struct Case {
    std::size_t size;
    const char* hash;
  };
  constexpr Case kCases[] = {
      {0, "a3817f04ba25a8e66df67214c7550293"}, {1, "da87c1d86b99af44347659119b22fc45"},
      {2, "8177228da4a45dc7fca38bdef60affe4"}, {3, "9c70b60c5267a94e5f33b6b02985ed51"},
      {4, "f88164c12d9c8faf7d0f6e7c7bcd5579"}, {5, "1368875980776f8854527a07690e9627"},
      {6, "14eeca338b208613485ea0308fd7a15e"}, {7, "a1f1ebbed8dbc153c0b84aa61ff08239"},
      {8, "3b62a9ba6258f5610f83e264f31497b4"},
  };
  for (const Case& c : kCases) {
    KeyHash hash(kVectorSeed);
    hash.write(counted_up(c.size));
    EXPECT_EQ(bytes_of(hash.finish()), c.hash) << c.size << " bytes";
  }
}

TEST(KeyHash, IsTheSameInWhateverPiecesTheBytesCome) {
  const std::string bytes = counted_up(61);
  KeyHash whole(kVectorSeed);
  whole.write(bytes);
  const Key expected = whole.finish();
  for (std::size_t first = 0; first <= bytes.size(); ++first) {
    for (std::size_t second = first; second <= bytes.size(); second += 7) {
      KeyHash cut(kVectorSeed);
      cut.write(std::string_view(bytes).substr(0, first));
      cut.write(std::string_view(bytes).substr(first, second - first));
      cut.write(std::string_view(bytes).substr(second));
      ASSERT_EQ(cut.finish(), expected) << first << ", " << second;
    }
  }
}

TEST(KeyHash, FramesItsParts) {
  const auto key_of = [](auto... parts) {
    KeyHash hash(kVectorSeed);
    (hash.add(parts), ...);
    return to_text(hash.finish());
  };
  KeyHash absent(kVectorSeed);
  absent.add_absent();
  std::set<std::string> keys = {key_of("ab", "c"), key_of("a", "bc"),       key_of("abc"),
                                key_of("abc", ""), key_of("", "abc"),       key_of(""),
                                key_of("", ""),    to_text(absent.finish())};
  EXPECT_EQ(keys.size(), 8u);
}

TEST(KeyHash, DependsOnItsSeed) {
  KeyHash one(Seed{1, 2});
  KeyHash other(Seed{1, 3});
  one.add("x");
  other.add("x");
  EXPECT_NE(one.finish(), other.finish());
}

TEST(KeyText, IsReadBack) {
  const Key key{0x0123456789abcdef, 0xfedcba9876543210};
  EXPECT_EQ(to_text(key), "fedcba98765432100123456789abcdef");
  EXPECT_EQ(key_of_text(to_text(key)), key);
  EXPECT_EQ(key_of_text("fedcba98765432100123456789abcde"), std::nullopt);
  EXPECT_EQ(key_of_text("fedcba98765432100123456789abcdeX"), std::nullopt);
  EXPECT_EQ(key_of_text(""), std::nullopt);
}

}  // namespace
}  // namespace core::decisions
