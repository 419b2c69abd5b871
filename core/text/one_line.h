#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace core::text {

/// `text` on one line of at most `bytes_max` bytes, cut between characters; control characters become
/// blanks. Allocates: for what is off the request path.
std::string one_line(std::string_view text, std::size_t bytes_max);

}  // namespace core::text
