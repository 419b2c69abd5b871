#pragma once

#include <string>
#include <string_view>

/// Values written for their place. Each appends to `out` what the place's reader will read as
/// exactly `value`, or answers false and appends nothing when the place cannot carry it. `value` is
/// UTF-8. A NUL is refused everywhere but in JSON: too many readers end a text there.
namespace core::mapping {

/// Part of a segment of a path (RFC 3986, 3.3): everything but unreserved characters is
/// percent-encoded, so that neither '/', '?', '#' nor '%' means anything. Control characters are
/// refused. That a whole segment is no "." or ".." is for has_dot_segment().
bool write_path(std::string& out, std::string_view value);

/// A name or value of a query: as in a path, control characters encoded.
bool write_query(std::string& out, std::string_view value);

/// A name or value of application/x-www-form-urlencoded (WHATWG URL, 5.2): a space is '+'.
bool write_form(std::string& out, std::string_view value);

/// Part of a field's value (RFC 9110, 5.5): control characters are refused, HTAB too; '%', what is not
/// ASCII and a space at either end, which a reader would take off, are percent-encoded, so that a
/// receiver that decodes gets the value back.
bool write_field(std::string& out, std::string_view value);

/// The inside of a JSON string.
bool write_json(std::string& out, std::string_view value);

/// Text or the inside of an attribute's value of XML 1.0. Characters that XML cannot have (2.2) are
/// refused; line ends and tabs become references, so that an attribute keeps them.
bool write_xml(std::string& out, std::string_view value);

/// Part of a plain text: control characters and the line and paragraph separators are refused,
/// because nothing can tell them from the text's own.
bool write_text(std::string& out, std::string_view value);

/// True when a segment of `path`, its dots percent-decoded, is "." or "..". `path` begins with "/".
bool has_dot_segment(std::string_view path) noexcept;

}  // namespace core::mapping
