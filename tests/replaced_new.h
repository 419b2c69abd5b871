#pragma once

#include <cstddef>
#include <cstdlib>
#include <new>

// Replaces operator new for a whole test program: include it in one file of it, which says in tests::take()
// what becomes of each request. Blocks are free()'s to take. The forms with an alignment stay the library's.
namespace tests {

/// `size` bytes from malloc(), or null: no memory. Any thread.
void* take(std::size_t size) noexcept;

/// What take() usually comes to.
inline void* take_from_malloc(std::size_t size) noexcept { return std::malloc(size != 0 ? size : 1); }

}  // namespace tests

// Out of line, or GCC sees free() in the place of a delete and warns of a mismatch.
[[gnu::noinline]] void* operator new(std::size_t size) {
  if (void* const block = tests::take(size)) return block;
  throw std::bad_alloc{};
}
[[gnu::noinline]] void* operator new[](std::size_t size) { return operator new(size); }
[[gnu::noinline]] void* operator new(std::size_t size, const std::nothrow_t&) noexcept { return tests::take(size); }
[[gnu::noinline]] void* operator new[](std::size_t size, const std::nothrow_t&) noexcept { return tests::take(size); }
[[gnu::noinline]] void operator delete(void* block) noexcept { std::free(block); }
[[gnu::noinline]] void operator delete[](void* block) noexcept { std::free(block); }
[[gnu::noinline]] void operator delete(void* block, std::size_t) noexcept { std::free(block); }
[[gnu::noinline]] void operator delete[](void* block, std::size_t) noexcept { std::free(block); }
