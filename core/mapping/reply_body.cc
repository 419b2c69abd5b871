#include "core/mapping/reply_body.h"

#include <algorithm>
#include <new>
#include <utility>
#include <vector>

#include "core/http/syntax.h"
#include "core/text/text.h"

namespace core::mapping {
namespace {

using http::trim_blanks;
using text::equals_ignore_case_ascii;

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

/// type/subtype, without its parameters.
std::string_view media_type(std::string_view content_type) noexcept {
  return trim_blanks(content_type.substr(0, content_type.find(';')));
}

bool ends_with_ignoring_case(std::string_view text, std::string_view end) noexcept {
  return text.size() >= end.size() &&
         equals_ignore_case_ascii(text.substr(text.size() - end.size()), end);
}

bool is_json_type(std::string_view type) noexcept {
  return equals_ignore_case_ascii(type, "application/json") ||
         equals_ignore_case_ascii(type, "text/json") || ends_with_ignoring_case(type, "+json");
}

bool is_xml_type(std::string_view type) noexcept {  // RFC 7303
  return equals_ignore_case_ascii(type, "application/xml") ||
         equals_ignore_case_ascii(type, "text/xml") || ends_with_ignoring_case(type, "+xml");
}

/// A member twice in any object of `element`. Depth is bounded by the parser.
bool has_duplicate(simdjson::dom::element element) {
  if (element.is_array()) {
    for (const simdjson::dom::element item : simdjson::dom::array(element)) {
      if (has_duplicate(item)) return true;
    }
    return false;
  }
  if (!element.is_object()) return false;
  constexpr std::size_t kFew = 8;
  std::string_view few[kFew];
  std::vector<std::string_view> many;
  std::size_t count = 0;
  for (const auto& [key, value] : simdjson::dom::object(element)) {
    if (count < kFew) {
      for (std::size_t i = 0; i < count; ++i) {
        if (few[i] == key) return true;
      }
      few[count] = key;
    } else {
      if (count == kFew) many.assign(few, few + kFew);
      many.push_back(key);
    }
    ++count;
    if (has_duplicate(value)) return true;
  }
  std::sort(many.begin(), many.end());
  return std::adjacent_find(many.begin(), many.end()) != many.end();
}

/// The encoding that an XML declaration names (XML 1.0, 4.3.3); empty when there is none. A body
/// that is not ASCII-compatible up to there is none of the charsets known here.
std::string_view declared_encoding(std::string_view xml) noexcept {
  if (!xml.starts_with("<?xml")) return {};
  const std::string_view declaration = xml.substr(0, std::min(xml.find("?>"), xml.size()));
  std::size_t at = declaration.find("encoding");
  if (at == std::string_view::npos) return {};
  at = declaration.find_first_not_of(" \t\r\n", at + 8);
  if (at == std::string_view::npos || declaration[at] != '=') return {};
  at = declaration.find_first_not_of(" \t\r\n", at + 1);
  if (at == std::string_view::npos || (declaration[at] != '"' && declaration[at] != '\'')) return {};
  const std::size_t end = declaration.find(declaration[at], at + 1);
  if (end == std::string_view::npos) return {};
  return declaration.substr(at + 1, end - at - 1);
}

/// No deeper than kDepthMax; walks without recursion.
bool is_deep(pugi::xml_node root) noexcept {
  std::size_t depth = 0;
  pugi::xml_node node = root.first_child();
  while (node) {
    if (pugi::xml_node child = node.first_child(); child) {
      if (++depth >= ReplyBody::kDepthMax) return true;
      node = child;
      continue;
    }
    while (node && !node.next_sibling()) {
      node = node.parent();
      if (node == root || !node) return false;
      --depth;
    }
    if (node) node = node.next_sibling();
  }
  return false;
}

}  // namespace

const http::Header* find_field(const Reply& reply, std::string_view name) noexcept {
  for (const http::Header& field : reply.fields) {
    if (http::equals_ignoring_case(field.name, name)) return &field;
  }
  return nullptr;
}

std::string_view charset_of(std::string_view content_type) noexcept {
  while (!content_type.empty()) {
    const std::size_t semicolon = content_type.find(';');
    if (semicolon == std::string_view::npos) return {};
    content_type.remove_prefix(semicolon + 1);
    const std::string_view parameter =
        trim_blanks(content_type.substr(0, content_type.find(';')));
    constexpr std::string_view kName = "charset=";
    if (parameter.size() < kName.size() ||
        !equals_ignore_case_ascii(parameter.substr(0, kName.size()), kName)) {
      continue;
    }
    std::string_view value = parameter.substr(kName.size());
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"') {
      value = value.substr(1, value.size() - 2);
    }
    return value;
  }
  return {};
}

Unresolved ReplyBody::fail(Unresolved why) noexcept {
  if (failure_ == Unresolved::kNone) failure_ = why;
  return why;
}

bool ReplyBody::says_json() const noexcept {
  const http::Header* const type = find_field(reply_, "content-type");
  return type == nullptr || type->value.empty() || is_json_type(media_type(type->value));
}

Unresolved ReplyBody::decode() {
  if (coding_ != State::kNew) return coding_why_;
  coding_ = State::kGood;
  bytes_ = reply_.body;
  const auto bad = [this](Unresolved why) {
    coding_ = State::kBad;
    return coding_why_ = fail(why);
  };
  std::string_view coding;
  for (const http::Header& field : reply_.fields) {
    if (!http::equals_ignoring_case(field.name, "content-encoding")) continue;
    const std::string_view value = trim_blanks(field.value);
    if (value.empty() || equals_ignore_case_ascii(value, "identity")) continue;
    if (!coding.empty()) return bad(Unresolved::kContentCoding);
    coding = value;
  }
  if (coding.empty()) {
    return bytes_.size() <= bytes_max_ ? Unresolved::kNone : bad(Unresolved::kTooLarge);
  }
  const bool gzip =
      equals_ignore_case_ascii(coding, "gzip") || equals_ignore_case_ascii(coding, "x-gzip");
  if (!gzip && !equals_ignore_case_ascii(coding, "deflate")) return bad(Unresolved::kContentCoding);
  if (const Unresolved why = inflate_body(reply_.body, gzip, bytes_max_, inflated_);
      why != Unresolved::kNone) {
    return bad(why);
  }
  bytes_ = inflated_;
  return Unresolved::kNone;
}

Unresolved ReplyBody::decode_text() {
  if (text_state_ != State::kNew) return text_why_;
  text_state_ = State::kGood;
  text_why_ = decode();
  if (text_why_ != Unresolved::kNone) return text_why_;
  const http::Header* const type = find_field(reply_, "content-type");
  std::string_view charset = type == nullptr ? std::string_view() : charset_of(type->value);
  std::string_view bytes = bytes_;
  if (bytes.starts_with(kByteOrderMark)) {
    bytes.remove_prefix(kByteOrderMark.size());
    charset = "utf-8";  // it wins over what is declared (RFC 7303, 3)
  } else if (charset.empty()) {
    charset = declared_encoding(bytes);
  }
  text_why_ = to_utf8(bytes, charset, recoded_, text_);
  if (text_why_ != Unresolved::kNone) fail(text_why_);
  return text_why_;
}

Unresolved ReplyBody::text(std::string_view& text) {
  const Unresolved why = decode_text();
  text = text_;
  return why;
}

/// What is to be read as JSON; false when it may not be.
bool ReplyBody::json_bytes(std::string_view& bytes) {
  if (!lenient_ && !says_json()) {
    json_why_ = fail(Unresolved::kContentType);
  } else if (json_why_ = decode(); json_why_ == Unresolved::kNone) {
    bytes = bytes_;
    if (bytes.starts_with(kByteOrderMark)) bytes.remove_prefix(kByteOrderMark.size());
    if (bytes.empty()) json_why_ = fail(Unresolved::kJson);
  }
  return json_why_ == Unresolved::kNone;
}

const PlainJson* ReplyBody::plain() {
  if (plain_state_ == State::kNew) {
    std::string_view bytes;
    plain_state_ = json_state_ == State::kNew && json_bytes(bytes) && plain_.read(bytes) ? State::kGood : State::kBad;
  }
  return plain_state_ == State::kGood ? &plain_ : nullptr;
}

Unresolved ReplyBody::parse_json() {
  std::string_view bytes;
  if (!json_bytes(bytes)) return json_why_;
  if (parser_.capacity() < bytes.size() || parser_.max_depth() != kDepthMax) {
    constexpr std::size_t kLeast = 2 << 10;  // most replies: what has room for one has it for the next
    if (parser_.allocate(std::max(bytes.size(), kLeast), kDepthMax) != simdjson::SUCCESS) {
      throw std::bad_alloc();
    }
  }
  const simdjson::error_code error =
      parser_.parse(bytes.data(), bytes.size(), true).get(root_);
  switch (error) {
    case simdjson::SUCCESS:
      break;
    case simdjson::DEPTH_ERROR:
      return fail(Unresolved::kDepth);
    case simdjson::UTF8_ERROR:
      return fail(Unresolved::kUtf8);
    default:
      return fail(Unresolved::kJson);
  }
  return has_duplicate(root_) ? fail(Unresolved::kDuplicate) : Unresolved::kNone;
}

Unresolved ReplyBody::json(simdjson::dom::element& root) {
  if (json_state_ == State::kNew) {
    json_why_ = parse_json();
    json_state_ = json_why_ == Unresolved::kNone ? State::kGood : State::kBad;
  }
  root = root_;
  return json_why_;
}

Unresolved ReplyBody::parse_xml() {
  if (!lenient_) {
    const http::Header* const type = find_field(reply_, "content-type");
    if (type != nullptr && !type->value.empty() && !is_xml_type(media_type(type->value))) {
      return fail(Unresolved::kContentType);
    }
  }
  if (const Unresolved why = decode_text(); why != Unresolved::kNone) return why;
  constexpr unsigned kOptions = pugi::parse_default | pugi::parse_doctype;
  pugi::xml_document& document = document_.emplace();
  if (!document.load_buffer(text_.data(), text_.size(), kOptions, pugi::encoding_utf8)) {
    return fail(Unresolved::kXml);
  }
  for (const pugi::xml_node child : document) {
    if (child.type() == pugi::node_doctype) return fail(Unresolved::kDoctype);
  }
  return is_deep(document) ? fail(Unresolved::kDepth) : Unresolved::kNone;
}

Unresolved ReplyBody::xml(pugi::xml_node& root) {
  if (xml_state_ == State::kNew) {
    xml_why_ = parse_xml();
    xml_state_ = xml_why_ == Unresolved::kNone ? State::kGood : State::kBad;
  }
  if (document_) root = *document_;
  return xml_why_;
}

}  // namespace core::mapping
