#include "core/http/open_response.h"

#include <charconv>
#include <cstring>

namespace core::http {
namespace {

constexpr std::size_t kDigits = 3;
constexpr std::string_view kFields =
    "Content-Type: application/json\r\nCache-Control: no-store\r\nDate: ";
constexpr std::string_view kLength = "\r\nContent-Length: ";
constexpr std::string_view kEnd = "000\r\n\r\n";

constexpr std::string_view status_line(int status) noexcept {
  switch (status) {
    case 200:
      return "HTTP/1.1 200 OK\r\n";
    case 400:
      return "HTTP/1.1 400 Bad Request\r\n";
    case 409:
      return "HTTP/1.1 409 Conflict\r\n";
    default:
      return "HTTP/1.1 500 Internal Server Error\r\n";
  }
}

constexpr std::string_view connection_field(After after) noexcept {
  switch (after) {
    case After::kKeepOpen:
      return "";
    case After::kKeepOpenHttp10:
      return "Connection: keep-alive\r\n";
    case After::kClose:
      return "Connection: close\r\n";
  }
  return "";
}

char* put(char* to, std::string_view text) noexcept {
  std::memcpy(to, text.data(), text.size());
  return to + text.size();
}

}  // namespace

OpenResponse::OpenResponse(OutBuffer& out, int status, After after, std::string_view date) noexcept
    : out_(out), begin_(out.size()) {
  constexpr std::size_t kHeadMax = 256;
  char* const head = out.reserve(kHeadMax);
  if (head == nullptr) return;
  char* at = put(head, status_line(status));
  at = put(at, connection_field(after));
  at = put(at, kFields);
  at = put(at, date);
  at = put(at, kLength);
  at = put(at, kEnd);
  out.commit(static_cast<std::size_t>(at - head));
  body_ = out.size();
  ok_ = true;
}

bool OpenResponse::finish() noexcept {
  const std::size_t size = out_.size() - body_;
  char digits[20];
  const auto digit_count =
      static_cast<std::size_t>(std::to_chars(digits, digits + sizeof digits, size).ptr - digits);
  if (digit_count != kDigits) {
    // reserve() may move the contents, so the place is looked up behind it.
    char* const end = out_.reserve(digit_count > kDigits ? digit_count - kDigits : 0);
    if (end == nullptr) return false;
    char* const body = end - size;
    std::memmove(body + digit_count - kDigits, body, size);
    std::memcpy(body + digit_count - kDigits - 4, "\r\n\r\n", 4);
    if (digit_count > kDigits) {
      out_.commit(digit_count - kDigits);
    } else {
      out_.truncate(out_.size() - (kDigits - digit_count));
    }
    std::memcpy(body - 4 - kDigits, digits, digit_count);
    return true;
  }
  char* const end = out_.reserve(0);
  std::memcpy(end - size - 4 - kDigits, digits, kDigits);
  return true;
}

}  // namespace core::http
