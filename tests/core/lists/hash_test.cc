#include "core/lists/hash.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace core::lists {
namespace {

/// The same bytes at the end of a heap block of exactly their size.
struct Exact {
  explicit Exact(std::string_view text) : bytes(new char[text.size()]), size(text.size()) {
    std::memcpy(bytes.get(), text.data(), size);
  }
  std::string_view view() const { return {bytes.get(), size}; }
  std::unique_ptr<char[]> bytes;
  std::size_t size;
};

TEST(Hasher, ReadsNoByteBesideTheText) {
  const Hasher hash(7);
  const std::string text(200, 'x');
  for (std::size_t size = 0; size <= text.size(); ++size) {
    const std::string_view part = std::string_view(text).substr(0, size);
    EXPECT_EQ(hash(Exact(part).view()), hash(part)) << size;
  }
}

TEST(Hasher, SeesEveryByteAndTheLength) {
  const Hasher hash(7);
  for (std::size_t size = 1; size <= 100; ++size) {
    const std::string text(size, 'a');
    EXPECT_NE(hash(text), hash(std::string(size - 1, 'a'))) << size;
    EXPECT_NE(hash(text), hash(text + '\0')) << size;
    for (std::size_t at = 0; at < size; ++at) {
      std::string other = text;
      other[at] = 'b';
      const Hash changed = hash(other);
      EXPECT_NE(changed.mark, hash(text).mark) << size << " " << at;
      EXPECT_NE(changed.place, hash(text).place) << size << " " << at;
    }
  }
}

TEST(Hasher, TellsPermutedBlocksApart) {
  const Hasher hash(7);
  std::string text = "0123456789abcdefABCDEFGHIJKLMNOP________________";
  const Hash before = hash(text);
  std::swap_ranges(text.begin(), text.begin() + 16, text.begin() + 16);
  EXPECT_NE(hash(text), before);
  EXPECT_NE(hash("aaaaaaaabbbbbbbb"), hash("bbbbbbbbaaaaaaaa"));
}

TEST(Hasher, DependsOnTheSeed) {
  std::vector<std::uint64_t> marks;
  for (std::uint64_t seed = 0; seed < 1000; ++seed) {
    const Hash hash = Hasher(seed)("anna@example.com");
    EXPECT_EQ(hash, Hasher(seed)("anna@example.com"));
    marks.push_back(hash.mark);
    marks.push_back(hash.place);
  }
  std::sort(marks.begin(), marks.end());
  EXPECT_EQ(std::adjacent_find(marks.begin(), marks.end()), marks.end());
}

/// A flipped bit of the text flips each bit of the hash in half of the cases. 1,000 trials have a
/// standard deviation of 0.016; the bound is 6.3 of them.
TEST(Hasher, SpreadsEveryBitOverAllOthers) {
  constexpr int kTrials = 1000;
  const Hasher hash(42);
  std::mt19937_64 random(1);
  constexpr std::size_t kSizes[] = {1, 3, 4, 7, 8, 13, 16, 17, 33};
  for (const std::size_t size : kSizes) {
    for (std::size_t bit = 0; bit<size * 8; bit += size> 8 ? 5 : 1) {
      std::array<int, 128> flips{};
      for (int trial = 0; trial < kTrials; ++trial) {
        std::string text(size, '\0');
        for (char& c : text) c = static_cast<char>(random());
        const Hash before = hash(text);
        text[bit / 8] = static_cast<char>(text[bit / 8] ^ (1 << (bit % 8)));
        const Hash after = hash(text);
        for (std::size_t i = 0; i < 64; ++i) {
          flips[i] += static_cast<int>((before.mark ^ after.mark) >> i & 1);
          flips[64 + i] += static_cast<int>((before.place ^ after.place) >> i & 1);
        }
      }
      const auto [least, most] = std::minmax_element(flips.begin(), flips.end());
      // One byte leaves 128 distinct pairs: the same ones come again and again.
      const double slack = size == 1 ? 0.25 : 0.1;
      EXPECT_GT(*least, kTrials * (0.5 - slack)) << size << " bytes, bit " << bit;
      EXPECT_LT(*most, kTrials * (0.5 + slack)) << size << " bytes, bit " << bit;
    }
  }
}

/// Four million addresses that differ in little. Of random 64-bit values as many would hold two
/// equal ones once in two million tries.
TEST(Hasher, GivesFourMillionAddressesDifferentMarksAndEvenPlaces) {
  constexpr std::size_t kCount = 4'000'000;
  constexpr std::size_t kCells = 4096;
  const Hasher hash(0);
  std::vector<std::uint64_t> marks(kCount);
  std::vector<std::uint32_t> high(kCells), low(kCells);
  std::string address;
  for (std::size_t i = 0; i < kCount; ++i) {
    address.assign("user");
    address += std::to_string(i);
    address += i % 2 == 0 ? "@example.com" : "@mail.example.org";
    const Hash h = hash(address);
    marks[i] = h.mark;
    ++high[h.place >> 52];
    ++low[h.mark % kCells];
  }
  std::sort(marks.begin(), marks.end());
  EXPECT_EQ(std::adjacent_find(marks.begin(), marks.end()), marks.end());

  // Chi-squared with 4,095 degrees of freedom: mean 4,095, standard deviation 90.5; six of them.
  for (const auto& cells : {high, low}) {
    const double expected = static_cast<double>(kCount) / kCells;
    double chi_squared = 0;
    for (const std::uint32_t count : cells) {
      chi_squared += (count - expected) * (count - expected) / expected;
    }
    EXPECT_GT(chi_squared, 4095 - 6 * 90.5);
    EXPECT_LT(chi_squared, 4095 + 6 * 90.5);
  }
}

TEST(Hasher, GivesAllShortTextsDifferentMarks) {
  const Hasher hash(3);
  std::vector<std::uint64_t> marks{hash("").mark};
  for (int a = 0; a < 256; ++a) {
    const char text[3] = {static_cast<char>(a), 0, 0};
    marks.push_back(hash({text, 1}).mark);
    for (int b = 0; b < 256; ++b) {
      for (const char c : {'\0', 'a', '\xff'}) {
        const char longer[3] = {static_cast<char>(a), static_cast<char>(b), c};
        if (c == 'a') marks.push_back(hash({longer, 2}).mark);
        marks.push_back(hash({longer, 3}).mark);
      }
    }
  }
  std::sort(marks.begin(), marks.end());
  EXPECT_EQ(std::adjacent_find(marks.begin(), marks.end()), marks.end());
}

/// The two halves must not lean on each other: the chance of a wrong answer counts on it.
TEST(Hasher, KeepsPlaceAndMarkIndependent) {
  constexpr int kCount = 100'000;
  const Hasher hash(11);
  std::array<int, 64> equal{};
  for (int i = 0; i < kCount; ++i) {
    const Hash h = hash(std::to_string(i) + "@example.com");
    for (std::size_t bit = 0; bit < 64; ++bit) {
      equal[bit] += static_cast<int>(~(h.mark ^ h.place) >> bit & 1);
    }
  }
  for (const int count : equal) EXPECT_NEAR(count, kCount / 2, 6 * 158);  // sd = sqrt(n) / 2
}

}  // namespace
}  // namespace core::lists
