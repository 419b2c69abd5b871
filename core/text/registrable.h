#pragma once

#include <string_view>

namespace core::text {

/// What of a domain somebody registered: the public suffix and one label more, by the list of
/// publicsuffix.org that libpsl was built with (its private section included, so a name below
/// github.io is its owner's). `domain` is in the form of normalise_domain; a suffix the list does
/// not know counts as one label. Empty when nothing is registered: a public suffix, a bare label,
/// an address literal, an IPv4 address, an empty label, more than 253 bytes. The result is the end
/// of the argument. No heap. Thread: any.
std::string_view registrable_domain(std::string_view domain) noexcept;

}  // namespace core::text
