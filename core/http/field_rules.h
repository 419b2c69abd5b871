#pragma once

#include <cstddef>
#include <cstdint>

#include "core/http/message.h"
#include "core/http/refusal.h"

namespace core::http {

/// How the body of a request is framed (RFC 9112, 6.3).
struct Framing {
  bool chunked = false;
  std::size_t content_length = 0;
};

/// What is known of fields before their rules are applied.
enum class Written : std::uint8_t {
  kAnyhow,  // no name is empty; it may be no token, and a value may have white space around it
  kPlain,   // split_plain_field() has made them: names are tokens, values are trimmed
};

/// Decides what the fields of a request mean for this hop. `request` has its request line and its
/// fields; it gets the known fields, keep_alive and expects_continue, and its values are trimmed.
///
/// This is where request smuggling is stopped (hardening.md, section 1): a request passes only when
/// every recipient that follows RFC 9112 frames it alike. False when it is refused; `refusal` then
/// has an offset from `message` on. 31 bytes behind the fields are readable. Thread: any.
[[nodiscard]] bool apply_field_rules(const char* message, const Limits& limits, Written written,
                                     Header* fields, Request& request, Framing& framing,
                                     Refusal& refusal) noexcept;

/// The known field a token names; kCount when it is none of them.
Known known_field(std::string_view name) noexcept;

/// True for fields that must not come as trailers: what frames, routes or authenticates a message
/// or tells the type of its content (RFC 9110, 6.5.1). `name` is a token.
bool is_forbidden_trailer(std::string_view name) noexcept;

}  // namespace core::http
