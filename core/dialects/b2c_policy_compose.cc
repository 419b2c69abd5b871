// Claims from a form, a query, header fields or a path, written as the JSON object that a profile
// which sends its claims in the body would have sent.
//
// One pass: bytes are decoded and escaped for JSON as they come, straight into the worker's buffer.
// What the text is, UTF-8 and without a name twice, is then checked by the reader of claims like
// that of every other body.
#include <algorithm>
#include <cstring>

#include "core/claims/json_value.h"
#include "core/dialects/b2c_policy.h"
#include "core/text/text.h"

namespace core::dialects::b2c_policy {
namespace {

using config::ClaimsIn;

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

int hex_digit(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// Writes an object member by member. Once something does not fit or is not well-formed, fault() is
/// set and nothing more is written.
class Writer {
 public:
  explicit Writer(std::span<char> out) noexcept : begin_(out.data()), end_(out.data() + out.size()), at_(begin_) {}

  Fault fault() const noexcept { return fault_; }
  std::size_t size() const noexcept { return static_cast<std::size_t>(at_ - begin_); }
  void fail(Fault fault) noexcept {
    if (fault_ == Fault::kNone) fault_ = fault;
  }

  void open() noexcept { raw("{"); }
  void close() noexcept { raw("}"); }
  void comma() noexcept {
    if (!first_) raw(",");
    first_ = false;
  }
  void raw(std::string_view text) noexcept {
    if (static_cast<std::size_t>(end_ - at_) < text.size()) return fail(Fault::kTooLarge);
    if (text.empty()) return;
    std::memcpy(at_, text.data(), text.size());
    at_ += text.size();
  }

  /// The inside of a JSON string: one byte.
  void byte(unsigned char c) noexcept {
    constexpr std::string_view kDigits = "0123456789abcdef";
    if (end_ - at_ < 6) return fail(Fault::kTooLarge);
    if (c == '"' || c == '\\') {
      *at_++ = '\\';
      *at_++ = static_cast<char>(c);
    } else if (c < 0x20) {
      std::memcpy(at_, "\\u00", 4);
      at_[4] = kDigits[c >> 4U];
      at_[5] = kDigits[c & 15U];
      at_ += 6;
    } else {
      *at_++ = static_cast<char>(c);
    }
  }
  void plain(std::string_view text) noexcept {
    for (const char c : text) byte(static_cast<unsigned char>(c));
  }

  /// Percent-encoded text (RFC 3986, 2.1), whose other bytes are printable ASCII; with `plus` a '+'
  /// is a space.
  void decoded(std::string_view text, bool plus) noexcept {
    for (std::size_t i = 0; i < text.size() && fault_ == Fault::kNone; ++i) {
      const auto c = static_cast<unsigned char>(text[i]);
      if (c == '%') {
        const int high = i + 1 < text.size() ? hex_digit(text[i + 1]) : -1;
        const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
        if (high < 0 || low < 0) return fail(Fault::kPercent);
        byte(static_cast<unsigned char>(high << 4 | low));
        i += 2;
      } else if (c == '+' && plus) {
        byte(' ');
      } else if (c <= 0x20 || c >= 0x7F) {
        return fail(Fault::kCharacter);
      } else {
        byte(c);
      }
    }
  }

  /// A field's value, which is UTF-8 or else ISO 8859-1 (protocol.md b.1).
  void repaired(std::string_view text) noexcept {
    if (text::find_invalid_utf8(text) == text.size()) return plain(text);
    for (const char one : text) {
      const auto c = static_cast<unsigned char>(one);
      if (c >= 0x80) byte(static_cast<unsigned char>(0xC0U | c >> 6U));
      byte(c >= 0x80 ? static_cast<unsigned char>(0x80U | (c & 0x3FU)) : c);
    }
  }

  void name(std::string_view text) noexcept {
    comma();
    raw("\"");
    plain(text);
    raw("\":\"");
  }
  void end_value() noexcept { raw("\""); }

 private:
  char* begin_;
  char* end_;
  char* at_;
  bool first_ = true;
  Fault fault_ = Fault::kNone;
};

/// Calls `each(name, value)` for every pair, undecoded; stops at a fault.
template <typename Each>
void for_each_pair(std::string_view text, Writer& writer, Each&& each) noexcept {
  if (text.empty()) return;
  for (;;) {
    const std::size_t end = std::min(text.find('&'), text.size());
    const std::string_view pair = text.substr(0, end);
    const std::size_t equals = pair.find('=');
    if (equals == 0 || equals == std::string_view::npos) return writer.fail(Fault::kPair);
    each(pair.substr(0, equals), pair.substr(equals + 1));
    if (writer.fault() != Fault::kNone || end == text.size()) return;
    text.remove_prefix(end + 1);
  }
}

/// The claims of a form or a query; `plus`: the '+' of forms.
void write_pairs(const Contract& contract, std::string_view text, bool plus,
                 Writer& writer) noexcept {
  for_each_pair(text, writer, [&](std::string_view name, std::string_view value) {
    if (!contract.key_parameter.empty() && name == contract.key_parameter) return;
    writer.comma();
    writer.raw("\"");
    writer.decoded(name, plus);
    writer.raw("\":\"");
    writer.decoded(value, plus);
    writer.end_value();
  });
}

void write_fields(const Contract& contract, const http::Request& request, Writer& writer) noexcept {
  for (const Renamed& one : contract.names) {
    const http::Header* found = nullptr;
    for (std::size_t i = 0; i < request.field_count; ++i) {
      const http::Header& field = request.fields[i];
      if (!text::equals_ignore_case_ascii(field.name, one.name)) continue;
      if (found != nullptr) return writer.fail(Fault::kTwice);
      found = &field;
    }
    if (found == nullptr) continue;
    writer.name(one.name);
    writer.repaired(found->value);
    writer.end_value();
  }
}

std::size_t count_segments(std::string_view below) noexcept {
  return static_cast<std::size_t>(std::count(below.begin(), below.end(), '/'));
}

void write_url(const Contract& contract, const http::Request& request, Writer& writer) noexcept {
  if (!is_below(contract, request.path)) return writer.fail(Fault::kPath);
  std::string_view below = request.path.substr(contract.path.size());
  for (const UrlTemplate::Part& part : contract.url.segments) {
    below.remove_prefix(1);  // the '/'
    const std::size_t end = std::min(below.find('/'), below.size());
    const std::string_view segment = below.substr(0, end);
    below.remove_prefix(end);
    if (!part.claim) {
      if (segment != part.name) return writer.fail(Fault::kPath);
      continue;
    }
    if (segment.empty()) continue;  // a claim without a value
    writer.name(part.name);
    writer.decoded(segment, false);
    writer.end_value();
  }
  for_each_pair(request.query, writer, [&](std::string_view name, std::string_view value) {
    for (const UrlTemplate::Parameter& parameter : contract.url.parameters) {
      if (parameter.name != name) continue;
      writer.name(parameter.claim);
      writer.decoded(value, false);
      writer.end_value();
      return;
    }
  });
}

void write_payload(const Contract& contract, std::string_view body, std::size_t depth_max,
                   Writer& writer) noexcept {
  if (body.starts_with(kByteOrderMark)) body.remove_prefix(kByteOrderMark.size());
  // That it is one value and no more has to be known first: behind a comma it could bring others.
  claims::Refusal refusal;
  const char* const end = body.data() + body.size();
  const char* const begin = claims::skip_white(body.data(), end);
  const char* behind = begin == end ? nullptr : claims::scan_value(begin, end, 1, depth_max, refusal);
  if (behind == nullptr || behind > end || claims::skip_white(behind, end) != end) {
    return writer.fail(Fault::kPayload);
  }
  writer.comma();
  writer.raw("\"");
  writer.plain(contract.payload);
  writer.raw("\":");
  writer.raw({begin, static_cast<std::size_t>(behind - begin)});
}

/// A claim's name in a template: what a policy may call one.
bool is_name(std::string_view text) noexcept {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '.';
  });
}

bool in_braces(std::string_view text, std::string_view& inside) noexcept {
  if (text.size() < 2 || text.front() != '{' || text.back() != '}') return false;
  inside = text.substr(1, text.size() - 2);
  return is_name(inside);
}

}  // namespace

const char* describe(Fault fault) noexcept {
  switch (fault) {
    case Fault::kNone: break;
    case Fault::kPercent: return "a percent sign without two hexadecimal digits";
    case Fault::kCharacter: return "a character that has to be percent-encoded";
    case Fault::kPair: return "a pair without a name or an equals sign";
    case Fault::kTwice: return "a header field of a claim came more than once";
    case Fault::kPath: return "the path has not the segments that the connector expects";
    case Fault::kPayload: return "the body is not one JSON value";
    case Fault::kTooLarge: return "the claims are too large";
  }
  return "";
}

bool is_below(const Contract& contract, std::string_view path) noexcept {
  return path.size() > contract.path.size() && path.starts_with(contract.path) &&
         path[contract.path.size()] == '/' &&
         count_segments(path.substr(contract.path.size())) == contract.url.segments.size();
}

Fault compose(const Contract& contract, const http::Request& request, std::size_t depth_max,
              std::span<char> out, std::size_t& size) noexcept {
  Writer writer(out.first(out.size() - std::min(out.size(), claims::kReadPadding)));
  writer.open();
  switch (contract.claims_in) {
    case ClaimsIn::kBody: write_payload(contract, request.body, depth_max, writer); break;
    case ClaimsIn::kForm: write_pairs(contract, request.body, true, writer); break;
    case ClaimsIn::kHeader: write_fields(contract, request, writer); break;
    case ClaimsIn::kQuery: write_pairs(contract, request.query, false, writer); break;
    case ClaimsIn::kUrl: write_url(contract, request, writer); break;
  }
  writer.close();
  size = writer.size();
  return writer.fault();
}

const char* parse_url_template(std::string_view text, UrlTemplate& out) {
  const std::size_t query = std::min(text.find('?'), text.size());
  std::string_view path = text.substr(0, query);
  if (!path.starts_with('/')) return "expected \"/\" first";
  while (!path.empty()) {
    path.remove_prefix(1);
    const std::size_t end = std::min(path.find('/'), path.size());
    const std::string_view segment = path.substr(0, end);
    path.remove_prefix(end);
    std::string_view name;
    if (in_braces(segment, name)) {
      out.segments.push_back({std::string(name), true});
    } else if (is_name(segment)) {
      out.segments.push_back({std::string(segment), false});
    } else {
      return "a segment is a text or one claim in braces";
    }
  }
  if (query == text.size()) return nullptr;
  for (std::string_view rest = text.substr(query + 1);;) {
    const std::size_t end = std::min(rest.find('&'), rest.size());
    const std::string_view pair = rest.substr(0, end);
    const std::size_t equals = std::min(pair.find('='), pair.size());
    std::string_view claim;
    if (!is_name(pair.substr(0, equals)) || !in_braces(pair.substr(std::min(equals + 1, pair.size())), claim)) {
      return "a parameter has one claim in braces as its value";
    }
    out.parameters.push_back({std::string(pair.substr(0, equals)), std::string(claim)});
    if (end == rest.size()) return nullptr;
    rest.remove_prefix(end + 1);
  }
}

}  // namespace core::dialects::b2c_policy
