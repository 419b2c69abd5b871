#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace core::http {

/// One field. Both views point into the connection's read buffer: good until the next read.
struct Header {
  std::string_view name;   // as received, never empty
  std::string_view value;  // without white space around it (RFC 9110, 5.5)
};

enum class Method : std::uint8_t { kGet, kHead, kPost, kPut, kDelete, kOptions, kPatch, kOther };

/// The fields the server itself looks at, recognised while the head is read, so that nobody
/// searches for them.
enum class Known : std::uint8_t {
  kHost,
  kAuthorization,
  kContentType,
  kContentLength,
  kTransferEncoding,
  kConnection,
  kExpect,
  kContentEncoding,
  kCount,
};

/// One request. Every view is good until the connection reads again.
struct Request {
  Method method = Method::kOther;
  std::string_view method_text;
  std::string_view target;  // as received: origin-form, absolute-form or '*'
  std::string_view path;    // of the target, without query, as received (not percent-decoded)
  std::string_view query;   // behind the first '?', without it; empty when there is none
  bool http_1_1 = true;     // else 1.0
  bool keep_alive = true;   // what the client asks for (RFC 9112, 9.3)
  bool expects_continue = false;
  std::string_view body;  // decoded; simdjson's and our padding is readable behind it
  std::size_t head_bytes = 0;
  std::size_t wire_bytes = 0;  // the whole message as it came

  const Header* fields = nullptr;  // in arrival order
  std::size_t field_count = 0;

  /// The value of a known field; empty when absent (see has()).
  std::string_view known(Known field) const noexcept {
    return known_[static_cast<std::size_t>(field)];
  }
  bool has(Known field) const noexcept { return known(field).data() != nullptr; }
  /// The first field called `name`, ASCII case ignored (RFC 9110, 5.1); null when absent.
  const Header* find(std::string_view name) const noexcept;

  std::array<std::string_view, static_cast<std::size_t>(Known::kCount)> known_{};
};

}  // namespace core::http
