#pragma once

#include <string_view>

#include "core/arena.h"

namespace core::text {

/// One address for one mailbox, to compare and count people by and never to send to. Both parts are
/// lower case (normalise_email); for providers that document it, tags are removed, dots that do not
/// count too, and the provider's other domains become one. canonical_email.cc has the table, each
/// row with its source. For any other domain the local part is only lower-cased: a tag may be part
/// of a name there (RFC 5233 is an agreement within one site). A quoted local part is left as it
/// is. Null data() when the text is no address (split_email) or the arena is full, which
/// arena.exhausted() tells apart. No heap but what normalise_domain takes. Thread: any.
std::string_view canonical_email(std::string_view email, Arena& arena) noexcept;

}  // namespace core::text
