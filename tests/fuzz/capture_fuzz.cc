// Captures: any body becomes a line without the values it hides, that line can be read again, and
// any line of a file is a request or is refused. Seeds: tests/fuzz/seeds/capture.
#include <simdjson.h>

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "core/arena.h"
#include "core/claims/claims.h"
#include "proxy/capture/line.h"
#include "proxy/capture/redactor.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0 || size > (64 << 10)) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (data[0] % 2 == 0) {
    const auto request = proxy::capture::read_line(input);
    if (!request) {
      if (request.error().why.empty()) std::abort();
      return 0;
    }
    if (!request.value().body.starts_with('{')) std::abort();
    return 0;
  }
  // Only requests that were answered by rules are captured.
  static core::claims::NameTable names;
  static core::claims::Claims claims(names.size());
  core::Arena arena(256 << 10);
  std::string body(input);
  body.append(core::claims::kReadPadding, '\0');
  claims.clear();
  const auto read =
      core::claims::read(std::string_view(body).substr(0, input.size()), names, {}, arena, claims);
  if (read.error != core::claims::ReadError::kNone) return 0;
  static proxy::capture::Redactor redactor({"country", "email.domain"},
                                           "a secret of sixteen bytes and more");
  std::string line = "{\"time_ms\":1,\"connector\":\"c\",\"verdict\":\"continue\",";
  const std::size_t before = line.size();
  if (!redactor.append(input, line)) {
    if (line.size() != before) std::abort();  // as it was
    return 0;
  }
  line += '}';
  if (line.find('\n') != std::string::npos) std::abort();  // one line
  simdjson::dom::parser parser;
  simdjson::dom::element whole;
  const auto error = parser.parse(line).get(whole);
  if (error == simdjson::NUMBER_ERROR || error == simdjson::DEPTH_ERROR)
    return 0;  // kept as they came
  if (error != simdjson::SUCCESS) std::abort();
  // Only claims that are kept have their values.
  simdjson::dom::object kept;
  if (whole["claims"].get(kept) != simdjson::SUCCESS) std::abort();
  for (const auto& [name, value] : kept) {
    if (name != "country") std::abort();
  }
  return 0;
}
