#pragma once

#include <cstddef>

namespace proxy::lists {

// Large memory comes and goes in steps
//
// While one system call maps or unmaps 128 MB, every thread of the process that maps or unmaps a
// single page waits for it: a worker whose connection needs more heap is such a thread. Another
// thread mapped and unmapped one page every 50 us meanwhile (two cores with a load of 20, Linux
// 6.18; the median over 30 runs of its longest wait):
//   mmap(MAP_POPULATE) of a file        44 ms     munmap() of 128 MB of memory               200 ms
//   the same file touched page by page  0.01 ms   MADV_DONTNEED a MiB at a time, then munmap 0.05 ms
//   (nothing of the kind: 0.04 ms)                munmap() a MiB at a time                   4 to 8 ms
// So a list's file is mapped empty, and verifying it brings the pages; and memory gives its pages
// back before it is freed.

/// Gives back the pages of memory whose contents nobody reads any more, and which is freed next:
/// anonymous, of the heap, or a mapped file. Whole pages only. Thread: any, not a loop's.
void give_back(const void* begin, std::size_t bytes) noexcept;

}  // namespace proxy::lists
