// The table of raw cases (tests/core/http/raw_cases.h) as JSON, one case a line, for
// tests/e2e/raw_cases.test.mjs. Bytes are written in hexadecimal digits.
#include <cstdio>
#include <string>
#include <string_view>

#include "tests/core/http/raw_cases.h"

namespace {

std::string hex(std::string_view bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const char byte : bytes) {
    text += kDigits[static_cast<unsigned char>(byte) >> 4U];
    text += kDigits[static_cast<unsigned char>(byte) & 15U];
  }
  return text;
}

}  // namespace

int main() {
  for (const test::RawCase& c : test::raw_cases()) {
    std::printf(R"({"name":"%s","source":"%s","bytes":"%s","status":%d,"keep_alive":%s,"behind":%zu})"
                "\n",
                hex(c.name).c_str(), c.source.c_str(), hex(c.bytes).c_str(), c.status,
                c.keep_alive ? "true" : "false", c.behind);
  }
  return 0;
}
