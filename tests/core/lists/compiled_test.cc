#include "core/lists/compiled.h"

#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "core/lists/checksum.h"

namespace core::lists {
namespace {

constexpr std::uint64_t kSeed = 0x243f6a8885a308d3;
constexpr std::int64_t kBuiltAt = 1'764'000'000;

/// Bytes at a multiple of 64 in a block of exactly their size, so that one byte too far is seen.
class Aligned {
 public:
  explicit Aligned(const std::string& bytes) : size_(bytes.size()) {
    auto* const raw = static_cast<char*>(::operator new (size_, std::align_val_t{64}));
    std::memcpy(raw, bytes.data(), size_);
    owner_ = {raw, [](const void* at) {
                ::operator delete (const_cast<void*>(at), std::align_val_t{64});
              }};
  }
  std::string_view view() const { return {static_cast<const char*>(owner_.get()), size_}; }
  const std::shared_ptr<const void>& owner() const { return owner_; }

 private:
  std::shared_ptr<const void> owner_;
  std::size_t size_;
};

std::string file_of(const List& list) {
  const auto buckets = list.set().bucket_bytes();
  return compiled_header(list, kBuiltAt) +
         std::string(reinterpret_cast<const char*>(buckets.data()), buckets.size());
}

Result<Compiled, CompiledError> open(const std::string& bytes) {
  const Aligned aligned(bytes);
  return open_compiled(aligned.view(), aligned.owner());
}

std::string addresses(std::size_t count) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text += "Person" + std::to_string(i) + "@Example.org\n";
  return text;
}

TEST(CompiledList, AnswersAsTheListItWasMadeOf) {
  for (const std::size_t count : {0u, 1u, 7u, 5000u}) {
    SCOPED_TRACE(count);
    const List list = List::parse(addresses(count), Match::kEmail, kSeed);
    auto opened = open(file_of(list));
    ASSERT_TRUE(opened.ok()) << opened.error().message;
    EXPECT_EQ(opened.value().built_at_s, kBuiltAt);
    const List& compiled = opened.value().list;
    EXPECT_EQ(compiled.size(), count);
    EXPECT_EQ(compiled.match(), Match::kEmail);
    for (std::size_t i = 0; i < 2 * count + 10; ++i) {
      EXPECT_EQ(compiled.contains("person" + std::to_string(i) + "@example.org"), i < count) << i;
    }
  }
}

TEST(CompiledList, KnowsDomainsBelowItsOwnAndHowManyLinesWereLeftOut) {
  const List list =
      List::parse("example.com\n*.partner.example\nno domain\n", Match::kDomain, kSeed);
  auto opened = open(file_of(list));
  ASSERT_TRUE(opened.ok());
  EXPECT_TRUE(opened.value().list.contains("mail.example.com"));
  EXPECT_TRUE(opened.value().list.contains("a.b.partner.example"));
  EXPECT_FALSE(opened.value().list.contains("example"));
  EXPECT_EQ(opened.value().list.bad_count(), 1u);
}

TEST(CompiledList, KeepsItsBytesAliveAndTakesThemWhereverTheyLie) {
  const std::string file = file_of(List::parse(addresses(100), Match::kEmail, kSeed));
  for (std::size_t shift = 0; shift < 9; ++shift) {
    auto block = std::make_shared<std::string>(std::string(shift, '\0') + file);
    auto list = read_list(std::string_view(*block).substr(shift), block, Match::kEmail, 1);
    block.reset();
    ASSERT_TRUE(list.ok());
    EXPECT_TRUE(list.value().contains("person99@example.org"));
  }
}

TEST(CompiledList, IsRefusedWhenAnyBitOfItIsAnother) {
  const std::string file = file_of(List::parse(addresses(12), Match::kEmail, kSeed));
  for (std::size_t at = 0; at < file.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string damaged = file;
      damaged[at] = static_cast<char>(damaged[at] ^ (1 << bit));
      auto opened = open(damaged);
      ASSERT_FALSE(opened.ok()) << "byte " << at << ", bit " << bit;
      EXPECT_NE(opened.error().message.find("; "), std::string::npos) << "says what to do";
    }
  }
}

TEST(CompiledList, IsRefusedWhenItIsCutOffOrGoesOn) {
  const std::string file = file_of(List::parse(addresses(12), Match::kEmail, kSeed));
  for (std::size_t size = 0; size < file.size(); ++size) {
    auto opened = open(file.substr(0, size));
    ASSERT_FALSE(opened.ok()) << size;
    if (size < kCompiledMagic.size()) continue;
    EXPECT_NE(opened.error().message.find("cut off"), std::string::npos) << size;
  }
  EXPECT_FALSE(open(file + "x").ok());
  EXPECT_FALSE(open(file + std::string(64, '\0')).ok());
}

/// `file` with a number in its header changed and the header's checksum made right again.
template <typename Number>
std::string with(std::string file, std::size_t at, Number number) {
  std::memcpy(file.data() + at, &number, sizeof number);
  const std::uint64_t sum = checksum(std::string_view(file).substr(0, 120));
  std::memcpy(file.data() + 120, &sum, sizeof sum);
  return file;
}

TEST(CompiledList, SaysWhyAForeignFileCannotBeUsed) {
  const std::string file = file_of(List::parse(addresses(12), Match::kEmail, kSeed));
  struct Case {
    std::string bytes;
    const char* says;
  };
  const Case kCases[] = {
      {with(file, 8, std::uint32_t{0x0d0c0b0a}), "the other byte order"},
      {with(file, 12, std::uint32_t{0}), "an earlier release"},
      {with(file, 12, std::uint32_t{2}), "a later release"},
      {with(file, 16, std::uint32_t{4}), "another release"},
      {with(file, 24, kSeed + 1), "another release"},  // the probe
      {with(file, 32, std::uint64_t{13}), "contradicts itself"},
      {with(file, 40, std::uint64_t{1} << 60), "cut off"},
      {with(file, 40, std::uint64_t{1}), "behind its end"},
      {with(file, 56, ~std::uint64_t{0}), "another release"},
      {"person@example.org\n", "no compiled list"},
      {"", "no compiled list"},
  };
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.says);
    auto opened = open(c.bytes);
    ASSERT_FALSE(opened.ok());
    EXPECT_NE(opened.error().message.find(c.says), std::string::npos) << opened.error().message;
  }
}

TEST(CompiledList, NeverLooksForeverInBucketsThatAllOverflow) {
  std::string file = file_of(List::parse(addresses(12), Match::kEmail, kSeed));
  const std::size_t buckets = (file.size() - kCompiledHeaderBytes) / Set::kBucketBytes;
  for (std::size_t i = 0; i < buckets * 8; ++i) {
    const std::uint64_t mark = 1000 - i % 8;  // descending: every bucket sent some on
    std::memcpy(file.data() + kCompiledHeaderBytes + i * 8, &mark, sizeof mark);
  }
  const std::uint64_t sum = checksum(std::string_view(file).substr(kCompiledHeaderBytes));
  file = with(with(file, 96, sum), 32, std::uint64_t{buckets * 8});
  auto opened = open(file);
  ASSERT_FALSE(opened.ok());
  EXPECT_NE(opened.error().message.find("contradicts itself"), std::string::npos);
}

TEST(ReadList, RecognisesTheFormByItsContentsAndWantsTheMatchItWasBuiltFor) {
  const std::string text = "person0@example.org\n";
  const auto block =
      std::make_shared<std::string>(file_of(List::parse(text, Match::kEmail, kSeed)));
  EXPECT_TRUE(
      read_list(text, nullptr, Match::kEmail, kSeed).value().contains("person0@example.org"));
  EXPECT_TRUE(read_list(*block, block, Match::kEmail, 1).value().contains("person0@example.org"));
  auto wrong = read_list(*block, block, Match::kDomain, 1);
  ASSERT_FALSE(wrong.ok());
  EXPECT_NE(wrong.error().message.find("write match: email"), std::string::npos);
}

TEST(Checksum, ChangesWithEveryBitAndWithTheLength) {
  std::string bytes(200, 'a');
  const std::uint64_t sum = checksum(bytes);
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    std::string other = bytes;
    other[bit / 8] = static_cast<char>(other[bit / 8] ^ (1 << (bit % 8)));
    ASSERT_NE(checksum(other), sum) << bit;
  }
  for (std::size_t size = 0; size < 130; ++size) {
    EXPECT_NE(checksum(std::string(size, '\0')), checksum(std::string(size + 1, '\0'))) << size;
  }
}

}  // namespace
}  // namespace core::lists
