#pragma once

#include <string>
#include <string_view>

namespace peers {

/// Appends `text` to `out` as the inside of a JSON string, every word with a capital first and
/// small letters after it. Knows ASCII and Latin-1 letters, which is what the work unit's names are
/// made of; other letters are copied. A word begins after anything that is neither letter nor
/// digit.
void append_title_case(std::string_view text, std::string& out);

}  // namespace peers
