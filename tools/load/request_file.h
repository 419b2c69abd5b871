#pragma once

#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "tools/load/answer.h"
#include "tools/load/units.h"

namespace load {

/// Fixed bodies with the answers they must get, one JSON object a line:
///
///   {"body": {"step": "..."}, "expect": {"status": 200, "action": "Continue"}}
///   {"body": "not even JSON", "expect": {"status": 400}}
///   {"body": {...}, "expect": {"status": 200, "action": "Continue", "claims": {"surname": "Li"}}}
///
/// A body that is an object is sent byte for byte as it stands in the file; a body that is a string
/// is sent as the text it denotes. "status" may be a class: "4xx". Immutable once parsed.
class RequestFile {
 public:
  static constexpr std::size_t kBytesMax = 1024UL * 1024 * 1024;
  static constexpr std::size_t kClaimsMax = 64;

  struct Request {
    std::string body;
    Expectation expect;  // its views belong to this file
  };

  RequestFile(RequestFile&&) = default;
  RequestFile& operator=(RequestFile&&) = default;
  RequestFile(const RequestFile&) = delete;  // a copy's views would belong to the original
  RequestFile& operator=(const RequestFile&) = delete;

  /// An error names the line.
  static core::Result<RequestFile, UsageError> parse(std::string_view text);
  static core::Result<RequestFile, UsageError> read(const std::string& path);

  const std::vector<Request>& requests() const noexcept { return requests_; }

 private:
  RequestFile() = default;

  std::vector<Request> requests_;
  // std::deque: growing it moves no element, so views and pointers to elements stay good.
  std::deque<std::string> actions_;
  std::deque<ExpectedClaims> claims_;
};

}  // namespace load
