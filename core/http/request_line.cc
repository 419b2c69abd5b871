#include "core/http/request_line.h"

#include <cstring>

#include "core/http/syntax.h"

namespace core::http {

namespace {

bool refuse(Refusal& refusal, int status, std::size_t offset, std::string_view reason) noexcept {
  refusal = {status, offset, reason};
  return false;
}

/// Methods are case-sensitive (RFC 9110, 9.1): "post" is not POST.
Method method_of(std::string_view text) noexcept {
  switch (text.size()) {
    case 3:
      if (text == "GET") return Method::kGet;
      if (text == "PUT") return Method::kPut;
      break;
    case 4:
      if (text == "POST") return Method::kPost;
      if (text == "HEAD") return Method::kHead;
      break;
    case 5:
      if (text == "PATCH") return Method::kPatch;
      break;
    case 6:
      if (text == "DELETE") return Method::kDelete;
      break;
    case 7:
      if (text == "OPTIONS") return Method::kOptions;
      break;
    default:
      break;
  }
  return Method::kOther;
}

/// HTTP-version (RFC 9112, 2.3). A minor version above 1 is spoken to as 1.1 (RFC 9110, 6.2).
/// Answers 0 when it is one of ours.
int status_of_version(std::string_view version, bool& http_1_1) noexcept {
  if (version.size() == 8 && std::memcmp(version.data(), "HTTP/1.1", 8) == 0) [[likely]] {
    http_1_1 = true;
    return 0;
  }
  if (version.size() != 8 || version.substr(0, 5) != "HTTP/" || !kDigit.contains(version[5]) ||
      version[6] != '.' || !kDigit.contains(version[7])) {
    return 400;
  }
  http_1_1 = version[7] != '0';
  return version[5] == '1' ? 0 : 505;
}

/// `text` holds nothing but characters of a target.
void split_query(std::string_view text, Request& request) noexcept {
  const std::size_t path = kTargetPath.prefix(text.data(), text.size());
  request.path = {text.data(), path};
  if (path != text.size()) request.query = {text.data() + path + 1, text.size() - path - 1};
}

/// absolute-form (RFC 9112, 3.2.2). Only http and https name something this server could have, and
/// user information is not for requests (RFC 9110, 4.2.4).
bool split_absolute(std::string_view target, Request& request) noexcept {
  const std::size_t scheme = target.find(':');
  if (scheme == std::string_view::npos || target.substr(scheme, 3) != "://") return false;
  if (!equals_ignoring_case(target.substr(0, scheme), "http") &&
      !equals_ignoring_case(target.substr(0, scheme), "https")) {
    return false;
  }
  const std::string_view rest = target.substr(scheme + 3);
  const std::size_t authority_end = rest.find_first_of("/?");
  const std::string_view authority = rest.substr(0, authority_end);
  if (!is_authority(authority)) return false;
  request.known_[static_cast<std::size_t>(Known::kHost)] = authority;
  if (authority_end != std::string_view::npos) split_query(rest.substr(authority_end), request);
  // An empty path is "/" (RFC 9110, 4.2.3). The one behind the scheme is as good as any and moves
  // with the message.
  if (request.path.empty()) request.path = target.substr(scheme + 1, 1);
  return true;
}

/// The four forms of RFC 9112, 3.2. Null when the target is one that goes with the method.
const char* split_target(std::string_view target, Request& request) noexcept {
  request.target = target;
  const bool connect = request.method == Method::kOther && request.method_text == "CONNECT";
  if (connect) {
    // authority-form has a port always, and no path to route by.
    const std::size_t colon = target.rfind(':');
    const bool with_port = colon != std::string_view::npos && colon + 1 < target.size() &&
                           kDigit.contains(target[colon + 1]);
    return with_port && is_authority(target) ? nullptr : "CONNECT wants a host and a port";
  }
  if (target.front() == '/') [[likely]] {
    split_query(target, request);
    return nullptr;
  }
  if (target == "*") {
    request.path = target;
    return request.method == Method::kOptions ? nullptr : "only OPTIONS may ask for *";
  }
  return split_absolute(target, request) ? nullptr : "the request target is malformed";
}

}  // namespace

bool parse_request_line(std::string_view line, Request& request, Refusal& refusal) noexcept {
  const std::size_t method_size = kToken.prefix(line.data(), line.size());
  if (method_size == 0 || method_size == line.size() || line[method_size] != ' ') {
    return refuse(refusal, 400, method_size, "the request line does not begin with a method");
  }
  const std::size_t target_at = method_size + 1;
  const std::size_t target_size = kTarget.prefix(line.data() + target_at, line.size() - target_at);
  const std::size_t target_end = target_at + target_size;
  if (target_size == 0 || target_end == line.size() || line[target_end] != ' ') {
    return refuse(refusal, 400, target_end, "the request target is malformed");
  }
  const std::size_t version_at = target_end + 1;
  const std::string_view version(line.data() + version_at, line.size() - version_at);
  if (const int status = status_of_version(version, request.http_1_1); status != 0) {
    return refuse(refusal, status, version_at,
                  status == 505 ? "only HTTP/1.1 and HTTP/1.0 are spoken here"
                                : "the request line does not end in an HTTP version");
  }
  request.method_text = {line.data(), method_size};
  request.method = method_of(request.method_text);
  if (const char* const reason = split_target({line.data() + target_at, target_size}, request)) {
    return refuse(refusal, 400, target_at, reason);
  }
  return true;
}

}  // namespace core::http
