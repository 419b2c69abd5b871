#include "core/decisions/body_hash.h"

#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace core::decisions {
namespace {

__extension__ using Wide = unsigned __int128;

Key key_of(const Seed& seed, std::string_view body) {
  // In a heap block of its own size: AddressSanitizer sees one byte too far.
  const std::unique_ptr<char[]> bytes(new char[body.size()]);
  std::copy(body.begin(), body.end(), bytes.get());
  KeyHash hash(seed);
  BodyHash(seed).add(hash, {bytes.get(), body.size()});
  return hash.finish();
}

/// The definition, word by word.
Key by_definition(const Seed& seed, std::string body) {
  std::vector<std::uint64_t> keys;
  for (std::uint64_t i = 0; i < BodyHash::kBlockBytes / 8 + 2; i += 2) {
    KeyHash hash(seed);
    hash.add_number(3);
    hash.add_number(i);
    const Key key = hash.finish();
    keys.insert(keys.end(), {key.low, key.high});
  }
  KeyHash hash(seed);
  hash.add_number(body.size());
  while (!body.empty()) {
    std::string block = body.substr(0, BodyHash::kBlockBytes);
    body.erase(0, block.size());
    block.resize((block.size() + 15) / 16 * 16, '\0');
    std::vector<std::uint64_t> words(block.size() / 8);
    for (std::size_t i = 0; i < block.size(); ++i) {
      words[i / 8] |= static_cast<std::uint64_t>(static_cast<unsigned char>(block[i])) << (8 * (i % 8));
    }
    for (const std::size_t shift : {0U, 2U}) {
      Wide sum = 0;
      for (std::size_t i = 0; i < words.size(); i += 2) {
        sum += static_cast<Wide>(words[i] + keys[i + shift]) * (words[i + 1] + keys[i + 1 + shift]);
      }
      hash.add_number(static_cast<std::uint64_t>(sum));
      hash.add_number(static_cast<std::uint64_t>(sum >> 64));
    }
  }
  return hash.finish();
}

std::string counting(std::size_t size) {
  std::string bytes;
  for (std::size_t i = 0; i < size; ++i) bytes += static_cast<char>(i * 131 % 251);
  return bytes;
}

TEST(BodyHash, IsWhatItsDefinitionSays) {
  for (const std::size_t size : {0, 1, 7, 8, 15, 16, 17, 31, 32, 511, 512, 513, 527, 528, 800, 1024, 3000}) {
    SCOPED_TRACE(size);
    EXPECT_EQ(key_of({1, 2}, counting(size)), by_definition({1, 2}, counting(size)));
  }
}

TEST(BodyHash, TellsBodiesApartThatDifferInOneBitOrInTheirSize) {
  std::set<std::pair<std::uint64_t, std::uint64_t>> keys;
  std::size_t count = 0;
  const auto see = [&](std::string_view body) {
    const Key key = key_of({1, 2}, body);
    keys.emplace(key.low, key.high);
    ++count;
  };
  std::string body = counting(600);
  see(body);
  for (std::size_t bit = 0; bit < body.size() * 8; bit += 3) {
    body[bit / 8] = static_cast<char>(body[bit / 8] ^ (1 << (bit % 8)));
    see(body);
    body[bit / 8] = static_cast<char>(body[bit / 8] ^ (1 << (bit % 8)));
  }
  for (std::size_t size = 0; size < 600; ++size) see(std::string(size, '\0'));
  EXPECT_EQ(keys.size(), count);
}

TEST(BodyHash, ChangesWithEitherHalfOfTheSeed) {
  const std::string body = counting(100);
  EXPECT_NE(key_of({1, 2}, body), key_of({3, 2}, body));
  EXPECT_NE(key_of({1, 2}, body), key_of({1, 3}, body));
}

}  // namespace
}  // namespace core::decisions
