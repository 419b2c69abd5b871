#pragma once

#include <span>
#include <string>
#include <string_view>

#include "core/http/message.h"

namespace core::mapping {

/// What a backend is asked: the parts of an HTTP request that a mapping makes from claims. Each value
/// is already escaped for its place. Owns its bytes: it outlives the request it was made from.
struct Question {
  std::string method;  // "POST"
  std::string target;  // path and query, percent-encoded, behind the endpoint's own base path
  std::string fields;  // whole field lines, "Name: value\r\n" each: Content-Type and those that the
                       // configuration names; no Host, framing, credentials or trace fields
  std::string body;
  bool has_body = false;  // Content-Length is sent, also for an empty one
};

/// What a backend answered: complete, framing checked, the transfer coding removed, a content coding
/// still in place. Borrowed for the call.
struct Reply {
  int status = 0;
  std::span<const http::Header> fields;  // in arrival order
  std::string_view body;
};

}  // namespace core::mapping
