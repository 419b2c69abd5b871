#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace core::rules {

/// Literals, in lower case and ASCII, of at least `bytes_min` bytes, one of which stands in every
/// text that the pattern is found in, letter case ignored; a single one where one is enough. None
/// when the pattern promises no such thing, or too many of them.
///
/// "Letter case ignored" is ASCII's but for two letters: the Kelvin sign (U+212A) and the capital I
/// with a dot (U+0130) are other cases of k and i to RE2, see has_odd_case().
std::vector<std::string> required_literals(std::string_view expression, std::size_t bytes_min);

/// True when `text` has a letter outside ASCII whose lower case is in ASCII.
bool has_odd_case(std::string_view text) noexcept;

}  // namespace core::rules
