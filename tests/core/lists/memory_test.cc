// What lists ask of the heap. This file replaces operator new for the whole test program, so that
// it can count and refuse.
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdlib>
#include <new>
#include <string>

#include "core/lists/list.h"

#if defined(__GNUC__) && !defined(__clang__)
// GCC sees malloc() and free() through the operators below, but not that they belong together.
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"
#endif

namespace {

std::size_t allocations = 0;
std::size_t refuse_from_bytes = static_cast<std::size_t>(-1);

void* take(std::size_t size, std::size_t alignment) noexcept {
  ++allocations;
  if (size >= refuse_from_bytes) return nullptr;
  // Exactly `size`: the tests beside this one count on AddressSanitizer to see one byte too far.
  if (alignment <= __STDCPP_DEFAULT_NEW_ALIGNMENT__) return std::malloc(size);
  void* taken = nullptr;
  return posix_memalign(&taken, alignment, size) == 0 ? taken : nullptr;
}
void* take_or_throw(std::size_t size, std::size_t alignment) {
  void* const taken = take(size, alignment);
  if (taken == nullptr) throw std::bad_alloc();
  return taken;
}
constexpr std::size_t kUsual = __STDCPP_DEFAULT_NEW_ALIGNMENT__;

}  // namespace

void* operator new(std::size_t size) { return take_or_throw(size, kUsual); }
void* operator new[](std::size_t size) { return take_or_throw(size, kUsual); }
void* operator new(std::size_t size, const std::nothrow_t&) noexcept { return take(size, kUsual); }
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept {
  return take(size, kUsual);
}
void* operator new(std::size_t size, std::align_val_t alignment) {
  return take_or_throw(size, static_cast<std::size_t>(alignment));
}
void* operator new(std::size_t size, std::align_val_t alignment, const std::nothrow_t&) noexcept {
  return take(size, static_cast<std::size_t>(alignment));
}
void operator delete(void* taken) noexcept { std::free(taken); }
void operator delete[](void* taken) noexcept { std::free(taken); }
void operator delete(void* taken, std::size_t) noexcept { std::free(taken); }
void operator delete[](void* taken, std::size_t) noexcept { std::free(taken); }
void operator delete(void* taken, const std::nothrow_t&) noexcept { std::free(taken); }
void operator delete[](void* taken, const std::nothrow_t&) noexcept { std::free(taken); }
void operator delete(void* taken, std::align_val_t) noexcept { std::free(taken); }
void operator delete(void* taken, std::size_t, std::align_val_t) noexcept { std::free(taken); }
void operator delete(void* taken, std::align_val_t, const std::nothrow_t&) noexcept {
  std::free(taken);
}

namespace core::lists {
namespace {

std::string member_addresses(int count) {
  std::string contents;
  for (int i = 0; i < count; ++i) contents += "user" + std::to_string(i) + "@Example.com\n";
  return contents;
}

TEST(ListMemory, LooksUpWithoutAllocating) {
  const List emails = List::parse(member_addresses(1000), Match::kEmail, 1);
  const List domains = List::parse("example.com\na.b.example.org\n", Match::kDomain, 1);
  const std::size_t before = allocations;
  bool all = true;
  for (int i = 0; i < 10'000; ++i) {
    all = all && emails.contains("user7@example.com") && !emails.contains("user1000@example.com");
    all = all && domains.contains("x.a.b.example.org") && !domains.contains("b.example.org");
  }
  EXPECT_EQ(allocations, before);
  EXPECT_TRUE(all);
}

TEST(ListMemory, AllocatesNothingForALine) {
  const std::string few = member_addresses(100);
  const std::string many = member_addresses(20'000);
  const auto used_by = [](const std::string& contents) {
    const std::size_t before = allocations;
    const List list = List::parse(contents, Match::kEmail, 1);
    const std::size_t used = allocations - before;
    EXPECT_GT(list.size(), 0u);
    return used;
  };
  EXPECT_GT(used_by(few), 0u);
  EXPECT_EQ(used_by(few), used_by(many));
}

TEST(ListMemory, SaysThatItIsNotCompleteWhenThereIsNoMemoryForIt) {
  const std::string contents = "nobody\n" + member_addresses(100'000);
  refuse_from_bytes = 1'000'000;
  const List list = List::parse(contents, Match::kEmail, 1);
  refuse_from_bytes = static_cast<std::size_t>(-1);
  EXPECT_FALSE(list.complete());
  EXPECT_EQ(list.match(), Match::kEmail);
  EXPECT_EQ(list.size(), 0u);
  EXPECT_FALSE(list.contains("user7@example.com"));
  EXPECT_EQ(list.bad_count(), 1u);
  ASSERT_EQ(list.bad_lines().size(), 1u);
  EXPECT_EQ(list.bad_lines()[0].line, 0u);
  EXPECT_EQ(list.bad_lines()[0].message, "no memory for a list of 100001 entries (1 MiB)");
}

TEST(ListMemory, GivesBackWhatItTookForWhatCameTwiceBeforeItTakesAgain) {
  std::string contents;
  for (int i = 0; i < 100'000; ++i) contents += "user@example.com\n";
  const List list = List::parse(contents, Match::kEmail, 1);
  EXPECT_TRUE(list.complete());
  EXPECT_EQ(list.bytes(), sizeof(List) + 64);
}

}  // namespace
}  // namespace core::lists
