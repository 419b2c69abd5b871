#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace proxy::capture {

/// A claim that the capture hides. Another value of its kind stands in the body for it, the same
/// one for the same pseudonym.
struct HiddenClaim {
  std::string name;
  bool has_domain = false;  // of an address: the domain is the real one
};

/// One line of a capture, made a request again.
struct CapturedRequest {
  std::int64_t time_ms = 0;  // since 1970
  std::string connector;
  std::string verdict;  // as it was told then
  std::string rule;     // that decided then; empty: none ended it
  std::string body;     // JSON
  std::vector<HiddenClaim> hidden;
};

struct LineError {
  std::string why;
};

/// Lines are never longer: a body is at most Ring::kBodyBytesMax, and pseudonyms are short.
inline constexpr std::size_t kLineBytesMax = 4 << 20;

core::Result<CapturedRequest, LineError> read_line(std::string_view line);

}  // namespace proxy::capture
