// read() on any bytes: never a crash or a byte too far, and never another answer than simdjson's,
// except where both are meant to differ (tests/core/claims/oracle.h).
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "tests/core/claims/oracle.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static claims_test::Oracle oracle;
  const std::string difference = oracle.disagreement({reinterpret_cast<const char*>(data), size});
  if (!difference.empty()) {
    std::fprintf(stderr, "%s\n", difference.c_str());
    std::abort();
  }
  return 0;
}
