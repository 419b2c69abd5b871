#include "core/http/response.h"

#include <charconv>
#include <cstring>

#include "core/http/http_date.h"
#include "core/http/syntax.h"

namespace core::http {

namespace {

constexpr std::string_view kVersion = "HTTP/1.1 ";
constexpr std::string_view kContentType = "\r\nContent-Type: ";
constexpr std::string_view kNoStoreAndDate = "\r\nCache-Control: no-store\r\nDate: ";
constexpr std::string_view kContentLength = "\r\nContent-Length: ";
constexpr std::string_view kEndOfHead = "\r\n\r\n";
constexpr std::array<std::string_view, 3> kConnection = {"", "\r\nConnection: keep-alive",
                                                         "\r\nConnection: close"};  // by After
constexpr std::size_t kDigitsMax = 20;
/// More than everything of a head that is not counted one by one.
constexpr std::size_t kFixedBytesMax = 256;
constexpr std::size_t kMessageBytesMax = 512;

/// Writes from a place on that has room enough.
class Pen {
 public:
  explicit Pen(char* at) noexcept : at_(at) {}

  Pen& text(std::string_view text) noexcept {
    if (!text.empty()) std::memcpy(at_, text.data(), text.size());
    at_ += text.size();
    return *this;
  }
  Pen& number(std::size_t number) noexcept {
    at_ = std::to_chars(at_, at_ + kDigitsMax, number).ptr;
    return *this;
  }
  Pen& status(int status) noexcept {
    const auto code = static_cast<unsigned>(status) % 1000;
    at_[0] = static_cast<char>('0' + code / 100);
    at_[1] = static_cast<char>('0' + code / 10 % 10);
    at_[2] = static_cast<char>('0' + code % 10);
    at_ += 3;
    return *this;
  }
  /// A field value: what could end the line is taken out of it (RFC 9110, 5.5).
  Pen& value(std::string_view value) noexcept {
    for (const char c : value) {
      const bool control = static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
      *at_++ = control ? ' ' : c;
    }
    return *this;
  }
  char* at() const noexcept { return at_; }

 private:
  char* at_;
};

/// 1xx, 204 and 304 have no content, and 204 must not claim a length (RFC 9110, 8.6).
bool has_content(int status) noexcept { return status >= 200 && status != 204 && status != 304; }

std::size_t before_date_bytes_max(const Response& response) noexcept {
  return kFixedBytesMax + response.content_type.size();
}

void put_before_date(Pen& pen, const Response& response) noexcept {
  pen.text(kVersion).status(response.status).text(" ").text(reason_phrase(response.status));
  if (!response.content_type.empty() && has_content(response.status)) {
    pen.text(kContentType).value(response.content_type);
  }
  pen.text(kNoStoreAndDate);
}

std::size_t after_date_bytes_max(const Response& response) noexcept {
  std::size_t size = kFixedBytesMax;
  for (const Header& field : response.fields) size += field.name.size() + field.value.size() + 4;
  return size;
}

/// Up to the end of the head.
void put_after_date(Pen& pen, const Response& response) noexcept {
  if (has_content(response.status)) pen.text(kContentLength).number(response.body.size());
  for (const Header& field : response.fields) {
    pen.text("\r\n").value(field.name).text(": ").value(field.value);
  }
  pen.text(kConnection[static_cast<std::size_t>(response.after)]).text(kEndOfHead);
}

/// A JSON string without its quotes (RFC 8259, 7). Room: six bytes for each.
void put_json(Pen& pen, std::string_view text) noexcept {
  constexpr char kHex[] = "0123456789abcdef";
  for (const char& c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20) {
      pen.text("\\u00").text({&kHex[byte >> 4], 1}).text({&kHex[byte & 15u], 1});
      continue;
    }
    if (c == '"' || c == '\\') pen.text("\\");
    pen.text({&c, 1});
  }
}

/// Cut so that no character is cut.
std::string_view cut_utf8(std::string_view text, std::size_t size_max) noexcept {
  if (text.size() <= size_max) return text;
  std::size_t size = size_max;
  while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xc0u) == 0x80) --size;
  return text.substr(0, size);
}

}  // namespace

After after_answer_to(const Request& request, bool close) noexcept {
  if (close || !request.keep_alive) return After::kClose;
  return request.http_1_1 ? After::kKeepOpen : After::kKeepOpenHttp10;
}

bool write_response(OutBuffer& out, const Response& response, std::string_view date) noexcept {
  const bool with_body = !response.head_only && has_content(response.status);
  char* const room =
      out.reserve(before_date_bytes_max(response) + date.size() + after_date_bytes_max(response) +
                  (with_body ? response.body.size() : 0));
  if (room == nullptr) return false;
  Pen pen(room);
  put_before_date(pen, response);
  pen.text(date);
  put_after_date(pen, response);
  if (with_body) pen.text(response.body);
  out.commit(static_cast<std::size_t>(pen.at() - room));
  return true;
}

PreparedResponse::PreparedResponse(const Response& response)
    : status_(response.status),
      body_bytes_(has_content(response.status) ? response.body.size() : 0) {
  before_date_.resize(before_date_bytes_max(response));
  Pen before(before_date_.data());
  put_before_date(before, response);
  before_date_.resize(static_cast<std::size_t>(before.at() - before_date_.data()));

  for (const After form : {After::kKeepOpen, After::kKeepOpenHttp10, After::kClose}) {
    Response variant = response;
    variant.after = form;
    std::string& bytes = after_date_[static_cast<std::size_t>(form)];
    bytes.resize(after_date_bytes_max(variant));
    Pen rest(bytes.data());
    put_after_date(rest, variant);
    bytes.resize(static_cast<std::size_t>(rest.at() - bytes.data()));
    bytes.append(response.body.substr(0, body_bytes_));
  }
}

bool PreparedResponse::write(OutBuffer& out, After after, bool head_only,
                             std::string_view date) const noexcept {
  std::string_view rest = after_date_[static_cast<std::size_t>(after)];
  if (head_only) rest.remove_suffix(body_bytes_);
  char* const room = out.reserve(before_date_.size() + date.size() + rest.size());
  if (room == nullptr) return false;
  const Pen pen = Pen(room).text(before_date_).text(date).text(rest);
  out.commit(static_cast<std::size_t>(pen.at() - room));
  return true;
}

bool write_error(OutBuffer& out, const ErrorAnswer& answer, std::string_view date) noexcept {
  char body[6 * kMessageBytesMax + 128];
  Pen pen(body);
  pen.text(R"({"error":{"status":)").status(answer.status).text(R"(,"message":")");
  put_json(pen, cut_utf8(answer.message, kMessageBytesMax));
  pen.text("\"");
  if (answer.offset) pen.text(R"(,"offset":)").number(*answer.offset);
  pen.text("}}");

  char seconds[kDigitsMax];
  std::array<Header, 3> fields;
  std::size_t count = 0;
  if (!answer.allow.empty()) fields[count++] = {"Allow", answer.allow};
  if (!answer.www_authenticate.empty()) {
    fields[count++] = {"WWW-Authenticate", answer.www_authenticate};
  }
  if (answer.retry_after_s) {
    const char* const end = Pen(seconds).number(*answer.retry_after_s).at();
    fields[count++] = {"Retry-After", {seconds, static_cast<std::size_t>(end - seconds)}};
  }
  Response response;
  response.status = answer.status;
  if (answer.message.empty()) {
    response.content_type = {};
  } else {
    response.body = {body, static_cast<std::size_t>(pen.at() - body)};
  }
  response.fields = {fields.data(), count};
  response.after = answer.after;
  response.head_only = answer.head_only;
  return write_response(out, response, date);
}

std::string_view reason_phrase(int status) noexcept {
  switch (status) {
    case 100:
      return "Continue";
    case 101:
      return "Switching Protocols";
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 203:
      return "Non-Authoritative Information";
    case 204:
      return "No Content";
    case 205:
      return "Reset Content";
    case 206:
      return "Partial Content";
    case 300:
      return "Multiple Choices";
    case 301:
      return "Moved Permanently";
    case 302:
      return "Found";
    case 303:
      return "See Other";
    case 304:
      return "Not Modified";
    case 307:
      return "Temporary Redirect";
    case 308:
      return "Permanent Redirect";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 402:
      return "Payment Required";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 406:
      return "Not Acceptable";
    case 407:
      return "Proxy Authentication Required";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 410:
      return "Gone";
    case 411:
      return "Length Required";
    case 412:
      return "Precondition Failed";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 416:
      return "Range Not Satisfiable";
    case 417:
      return "Expectation Failed";
    case 421:
      return "Misdirected Request";
    case 422:
      return "Unprocessable Content";
    case 426:
      return "Upgrade Required";
    case 428:
      return "Precondition Required";  // RFC 6585
    case 429:
      return "Too Many Requests";  // RFC 6585
    case 431:
      return "Request Header Fields Too Large";  // RFC 6585
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "Unknown";
  }
}

}  // namespace core::http
