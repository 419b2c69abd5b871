#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/http/message.h"
#include "core/http/out_buffer.h"

/// Responses as bytes. Everything that answers goes through here, so that each answer has a Date
/// (RFC 9110, 6.6.1), `Cache-Control: no-store` and a Content-Length. `date` is an IMF-fixdate of
/// 29 bytes (http_date.h), made once a second by the owner of the clock. Thread: any.
namespace core::http {

/// What becomes of the connection behind an answer.
enum class After : std::uint8_t {
  kKeepOpen,        // says nothing: HTTP/1.1 stays open
  kKeepOpenHttp10,  // `Connection: keep-alive`, which HTTP/1.0 has to be told
  kClose,           // `Connection: close`
};

/// `close` or what the client asked for.
After after_answer_to(const Request& request, bool close) noexcept;

struct Response {
  int status = 200;
  std::string_view content_type = "application/json";  // empty: no such field
  std::string_view body;
  std::span<const Header> fields{};  // besides; control bytes in their values become spaces
  After after = After::kKeepOpen;
  bool head_only = false;  // the answer to HEAD: all fields, no body (RFC 9110, 9.3.2)
};

/// Appends a response. False, and nothing appended, when `out` has no room for it. No view of
/// `response` may lie in `out`, which may move.
[[nodiscard]] bool write_response(OutBuffer& out, const Response& response,
                                  std::string_view date) noexcept;

/// The interim answer to `Expect: 100-continue` (RFC 9110, 10.1.1).
inline constexpr std::string_view kContinueResponse = "HTTP/1.1 100 Continue\r\n\r\n";

/// A response whose bytes are known when the configuration is compiled, all but its date: appending
/// it costs two copies and the date. One form for each way to go on. Immutable.
class PreparedResponse {
 public:
  /// Takes a copy of everything; `after` and `head_only` are chosen when it is written. Allocates.
  explicit PreparedResponse(const Response& response);

  /// As write_response().
  [[nodiscard]] bool write(OutBuffer& out, After after, bool head_only,
                           std::string_view date) const noexcept;
  int status() const noexcept { return status_; }

 private:
  int status_;
  std::size_t body_bytes_;
  std::string before_date_;
  std::array<std::string, 3> after_date_;  // by After
};

/// An answer that is about the request and not from a rule:
/// {"error":{"status":400,"message":"...","offset":N}}.
struct ErrorAnswer {
  int status = 500;
  std::string_view message;           // UTF-8, ours; nothing that was sent. Empty: no body
  std::optional<std::size_t> offset;  // the byte of the request or its body that is meant
  After after = After::kClose;
  bool head_only = false;
  std::string_view allow;                 // 405 (RFC 9110, 15.5.6)
  std::string_view www_authenticate;      // 401 (RFC 9110, 15.5.2)
  std::optional<unsigned> retry_after_s;  // 503, 429 (RFC 9110, 10.2.3)
};

/// As write_response(). A message is cut at 512 bytes.
[[nodiscard]] bool write_error(OutBuffer& out, const ErrorAnswer& answer,
                               std::string_view date) noexcept;

/// RFC 9110, 15; "Unknown" for a status without a name. Static.
std::string_view reason_phrase(int status) noexcept;

}  // namespace core::http
