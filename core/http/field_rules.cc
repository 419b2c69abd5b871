#include "core/http/field_rules.h"

#include "core/http/syntax.h"

namespace core::http {

namespace {

/// A refusal without its status is none.
struct Objection {
  int status = 0;
  std::string_view reason;
  const char* at = nullptr;
};

Objection object(int status, std::string_view at, std::string_view reason) noexcept {
  return {status, reason, at.data()};
}

/// Connection = #connection-option (RFC 9110, 7.6.1). `close` wins over everything said besides.
struct ConnectionOptions {
  bool close = false;
  bool keep_alive = false;

  bool add(std::string_view list) noexcept {
    if (list.size() == 10 && is_token_of(list.data(), "keep-alive")) return keep_alive = true;
    return for_each_token(list, [this](std::string_view option) {
      if (equals_ignoring_case(option, "close")) close = true;
      if (equals_ignoring_case(option, "keep-alive")) keep_alive = true;
    });
  }
};

/// In the loop over the fields.
inline Known recognised(std::string_view name) noexcept {
  const char* const token = name.data();
  switch (name.size()) {
    case 4:
      if (is_token_of(token, "host")) return Known::kHost;
      break;
    case 6:
      if (is_token_of(token, "expect")) return Known::kExpect;
      break;
    case 10:
      if (is_token_of(token, "connection")) return Known::kConnection;
      break;
    case 12:
      if (is_token_of(token, "content-type")) return Known::kContentType;
      break;
    case 13:
      if (is_token_of(token, "authorization")) return Known::kAuthorization;
      break;
    case 14:
      if (is_token_of(token, "content-length")) return Known::kContentLength;
      break;
    case 16:
      if (is_token_of(token, "content-encoding")) return Known::kContentEncoding;
      break;
    case 17:
      if (is_token_of(token, "transfer-encoding")) return Known::kTransferEncoding;
      break;
    default:
      break;
  }
  return Known::kCount;
}

/// A second field of a name that was there already.
Objection second_field(Known known, std::string_view value, std::string_view& first) noexcept {
  switch (known) {
    case Known::kConnection:
      return {};
    case Known::kContentEncoding:
      // A list in two parts: the one that says more is kept, so that it is not taken for identity.
      if (first.empty() || equals_ignoring_case(first, "identity")) first = value;
      return {};
    case Known::kHost:
      return object(400, value, "more than one Host field");
    case Known::kAuthorization:
      return object(400, value, "more than one Authorization field");
    case Known::kContentType:
      return object(400, value, "more than one Content-Type field");
    case Known::kContentLength:
      return object(400, value, "more than one Content-Length field");
    case Known::kTransferEncoding:
      return object(400, value, "more than one Transfer-Encoding field");
    case Known::kExpect:
      return object(417, value, "more than one Expect field");
    case Known::kCount:
      break;
  }
  return {};
}

/// Content-Length = 1*DIGIT, a list of equal numbers refused with all others (RFC 9110, 8.6). HTAB
/// behind it is OWS by the letter, but llhttp refuses it in every version: so does this, in words.
Objection read_content_length(std::string_view value, const Limits& limits,
                              std::size_t& length) noexcept {
  if (value.empty() || !kDigit.holds_all(value)) {
    return object(400, value, "Content-Length is not a number");
  }
  for (const char* behind = value.data() + value.size(); *behind != '\r'; ++behind) {
    if (*behind == '\t') return object(400, value, "Content-Length has a tab behind it");
  }
  std::size_t number = 0;
  for (const char digit : value) {
    number = number * 10 + static_cast<std::size_t>(digit - '0');
    if (number > limits.body_bytes) return object(413, value, "the body is too large");
  }
  length = number;
  return {};
}

/// `chunked` alone is undone here. Of the others, 501 for codings that end in chunked, because the
/// message has an end then (RFC 9112, 6.1), 400 where its length is unknown (6.3).
Objection read_transfer_encoding(std::string_view value) noexcept {
  if (value.size() == 7 && equals_ignoring_case(value, "chunked")) [[likely]]
    return {};
  std::string_view rest = value;
  bool foreign = false;
  for (;;) {
    const std::size_t comma = rest.find(',');
    const std::string_view coding = trim_blanks(rest.substr(0, comma));
    const bool chunked = equals_ignoring_case(coding, "chunked");
    const bool last = comma == std::string_view::npos;
    if (coding.empty() || !kToken.holds_all(coding) || chunked != last) {
      return object(400, value, "Transfer-Encoding is not chunked");
    }
    if (last) break;
    foreign = true;
    rest.remove_prefix(comma + 1);
  }
  return foreign ? object(501, value, "a transfer coding that is not known here") : Objection{};
}

/// Message body length (RFC 9112, 6.3), without any of its ways to make the best of a bad message.
Objection read_framing(const Request& request, const Limits& limits, Framing& framing) noexcept {
  const bool coded = request.has(Known::kTransferEncoding);
  const bool counted = request.has(Known::kContentLength);
  if (counted && !coded) {
    return read_content_length(request.known(Known::kContentLength), limits,
                               framing.content_length);
  }
  if (!coded) return {};
  const std::string_view value = request.known(Known::kTransferEncoding);
  if (counted) return object(400, value, "both Transfer-Encoding and Content-Length");
  if (!request.http_1_1) return object(400, value, "Transfer-Encoding in HTTP/1.0");
  framing.chunked = true;
  return read_transfer_encoding(value);
}

}  // namespace

Known known_field(std::string_view name) noexcept { return recognised(name); }

bool is_forbidden_trailer(std::string_view name) noexcept {
  if (known_field(name) != Known::kCount) return true;
  constexpr std::string_view kNames[] = {
      "te",           "cookie", "trailer",       "upgrade",   "keep-alive",
      "max-forwards", "range",  "content-range", "forwarded", "proxy-authorization",
      "cache-control"};
  for (const std::string_view forbidden : kNames) {
    if (equals_ignoring_case(name, forbidden)) return true;
  }
  return false;
}

bool apply_field_rules(const char* message, const Limits& limits, Written written, Header* fields,
                       Request& request, Framing& framing, Refusal& refusal) noexcept {
  const auto refuse = [&](const Objection& objection) {
    refusal = {objection.status, static_cast<std::size_t>(objection.at - message),
               objection.reason};
    return false;
  };
  std::string_view& host = request.known_[static_cast<std::size_t>(Known::kHost)];
  const std::string_view target_host = host;
  host = {};
  ConnectionOptions connection;
  const Header* const end = fields + request.field_count;
  for (Header* field = fields; field != end; ++field) {
    if (written != Written::kPlain) {
      if (!kToken.holds_all(field->name)) {
        return refuse(object(400, field->name, "a field name is malformed"));
      }
      field->value = trim_blanks(field->value);
    }
    const Known name = recognised(field->name);
    if (name == Known::kCount) continue;
    std::string_view& first = request.known_[static_cast<std::size_t>(name)];
    if (first.data() == nullptr) {
      first = field->value;
    } else if (const Objection objection = second_field(name, field->value, first);
               objection.status != 0) {
      return refuse(objection);
    }
    if (name == Known::kConnection && !connection.add(field->value)) {
      return refuse(object(400, field->value, "the Connection field is malformed"));
    }
  }
  if (host.data() != nullptr) {
    if (!is_authority(host)) return refuse(object(400, host, "the Host field is malformed"));
  } else if (request.http_1_1) {
    return refuse({400, "the Host field is missing", message + request.head_bytes});
  }
  // RFC 9112, 3.2.2: the authority of the target, where there is one, stands for Host.
  if (target_host.data() != nullptr) host = target_host;
  request.keep_alive = !connection.close && (request.http_1_1 || connection.keep_alive);
  if (const Objection objection = read_framing(request, limits, framing); objection.status != 0) {
    return refuse(objection);
  }
  if (request.has(Known::kExpect)) {
    const std::string_view value = request.known(Known::kExpect);
    if (!equals_ignoring_case(value, "100-continue")) {
      return refuse(object(417, value, "an expectation that is not 100-continue"));
    }
    request.expects_continue = request.http_1_1;  // in 1.0 it is ignored (RFC 9110, 10.1.1)
  }
  return true;
}

}  // namespace core::http
