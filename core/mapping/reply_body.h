#pragma once

#include <pugixml.hpp>
#include <simdjson.h>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "core/mapping/answer.h"
#include "core/mapping/plain_json.h"
#include "core/mapping/question.h"

namespace core::mapping {

/// The first field called `name` (small letters); null when absent.
const http::Header* find_field(const Reply& reply, std::string_view name) noexcept;

/// A reply's body, as much of it as somebody asks for: the content coding undone, the charset
/// made UTF-8, JSON or XML parsed, each once. What cannot be had is remembered with its reason.
///
/// Rules (docs/backends.md has them in the operator's words):
/// - `gzip` and `deflate` (zlib's format, RFC 9110, 8.4.1.2, and the raw one that some send) are
///   undone, at most `bytes_max` long; a second coding, or another, is not.
/// - JSON is UTF-8 (RFC 8259, 8.1), a charset parameter means nothing there (11). XML and text are
///   what the Content-Type's charset says, then the XML declaration, then UTF-8: UTF-8, US-ASCII,
///   ISO-8859-1 or windows-1252. A UTF-8 byte order mark is skipped.
/// - A JSON object with a member twice is refused as a whole, wherever it is: nobody can tell which
///   of the two its sender meant.
/// - XML with a document type is refused, so there are no entities but the five of XML.
class ReplyBody {
 public:
  static constexpr std::size_t kDepthMax = 64;  // of JSON and XML

  /// `parser` and `plain` are this body's until it is gone.
  ReplyBody(const Reply& reply, std::size_t bytes_max, bool lenient, simdjson::dom::parser& parser,
            PlainJson& plain)
      : reply_(reply), bytes_max_(bytes_max), lenient_(lenient), parser_(parser), plain_(plain) {}
  ReplyBody(const ReplyBody&) = delete;
  ReplyBody& operator=(const ReplyBody&) = delete;

  // Each answers kNone and the body, good while this object is and its text not parsed anew.
  Unresolved json(simdjson::dom::element& root);
  Unresolved xml(pugi::xml_node& root);
  Unresolved text(std::string_view& text);
  /// The body's JSON when it is an ordinary one. Null: json() knows more.
  const PlainJson* plain();

  /// The body with its content coding undone, once json() has answered kNone.
  std::string_view decoded() const noexcept { return bytes_; }

  /// Why the body could not be read, for the first that asked; kNone when it could.
  Unresolved failure() const noexcept { return failure_; }
  /// Its Content-Type is JSON's, or there is none.
  bool says_json() const noexcept;

 private:
  enum class State : std::uint8_t { kNew, kGood, kBad };
  Unresolved decode();
  Unresolved decode_text();
  bool json_bytes(std::string_view& bytes);
  Unresolved parse_json();
  Unresolved parse_xml();
  Unresolved fail(Unresolved why) noexcept;

  const Reply& reply_;
  std::size_t bytes_max_;
  bool lenient_;
  simdjson::dom::parser& parser_;
  PlainJson& plain_;
  Unresolved failure_ = Unresolved::kNone;
  State coding_ = State::kNew, text_state_ = State::kNew, json_state_ = State::kNew,
        xml_state_ = State::kNew, plain_state_ = State::kNew;
  Unresolved coding_why_ = Unresolved::kNone, text_why_ = Unresolved::kNone,
             json_why_ = Unresolved::kNone, xml_why_ = Unresolved::kNone;
  std::string inflated_;
  std::string recoded_;
  std::string_view bytes_;  // content coding undone
  std::string_view text_;   // UTF-8
  simdjson::dom::element root_;
  std::optional<pugi::xml_document> document_;
};

/// Undoes gzip, or deflate in either form. kContentCoding when it is broken, kTooLarge when it would
/// be longer than `bytes_max`: memory never grows beyond that, however little came (a "bomb").
Unresolved inflate_body(std::string_view coded, bool gzip, std::size_t bytes_max, std::string& out);

/// Makes UTF-8 of `bytes`, which are in `charset` (any case). False for a charset that is not known
/// here; `text` is then unspecified. `text` is `bytes` itself or points into `room`.
Unresolved to_utf8(std::string_view bytes, std::string_view charset, std::string& room,
                   std::string_view& text);

/// The value of `charset` in a Content-Type, or empty.
std::string_view charset_of(std::string_view content_type) noexcept;

}  // namespace core::mapping
