// Configuration files: whatever they hold is loaded or refused with a place, never a crash.
#include <cstdint>
#include <string>

#include "tests/fuzz/one_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  fuzz::OneFile file(std::string(reinterpret_cast<const char*>(bytes), size), "value");
  static_cast<void>(fuzz::compile(file));
  return 0;
}
