#pragma once

#include <string_view>

#include "core/http/message.h"
#include "core/http/refusal.h"

namespace core::http {

/// Reads a request line, given without its line end, into `request`: method, target, path, query,
/// version. Also the authority of an absolute-form target, which then stands for Host
/// (RFC 9112, 3.2.2). False when it is refused: `refusal` then has an offset within the line.
///
/// Any token is a method; one that is not in Method becomes kOther and is for the caller to refuse
/// (RFC 9110, 9.1). 31 bytes behind the line are readable. Thread: any.
[[nodiscard]] bool parse_request_line(std::string_view line, Request& request,
                                      Refusal& refusal) noexcept;

}  // namespace core::http
