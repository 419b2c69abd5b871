#include "proxy/lists/pages.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>

namespace proxy::lists {

void give_back(const void* begin, std::size_t bytes) noexcept {
  constexpr std::size_t kStep = std::size_t{1} << 20;
  if (bytes < kStep) return;  // freeing it takes no time
  const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  const auto first = reinterpret_cast<std::uintptr_t>(begin);
  const std::uintptr_t end = (first + bytes) / page * page;
  for (std::uintptr_t at = (first + page - 1) / page * page; at < end; at += kStep) {
    // Failing would be a page that stays until it is unmapped.
    ::madvise(reinterpret_cast<void*>(at), std::min<std::uintptr_t>(kStep, end - at), MADV_DONTNEED);
  }
}

}  // namespace proxy::lists
