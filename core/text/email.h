#pragma once

#include <string_view>

#include "core/arena.h"

namespace core::text {

/// An address as it was typed, cut at the last '@'. Empty parts when there is no '@' or one side
/// of it is empty.
struct EmailParts {
  std::string_view local;
  std::string_view domain;
};
EmailParts split_email(std::string_view address) noexcept;

/// A domain in the one form that lists and rules compare: lower case, without white space around it
/// or dots at its end, full-width and ideographic dots and letters folded, international labels as
/// A-labels (UTS #46 nontransitional, by libidn2). ASCII, A-labels included, is only lower-cased. A
/// domain that IDNA refuses is answered lower-cased, so that it matches nothing by accident. Empty
/// for an empty domain. Result in `arena` or a part of the argument; empty with arena.exhausted()
/// when it does not fit. Only what libidn2 must convert reaches the heap.
std::string_view normalise_domain(std::string_view domain, Arena& arena) noexcept;

/// An address in the form that lists of match `email` compare: both parts lower case, the domain
/// normalised, white space around it removed. An address without '@' is only lower-cased.
std::string_view normalise_email(std::string_view address, Arena& arena) noexcept;

/// True for a mailbox as sign-up forms accept it: a dot-atom or quoted local part of at most 64
/// bytes (RFC 5321, 4.1.2 and 4.5.3.1.1), UTF-8 in it allowed (RFC 6531, 3.3), a domain with at
/// least one dot whose labels are letters, digits and hyphens, or that IDNA turns into such (RFC
/// 5890), at most 254 bytes in all (RFC 5321, 4.5.3.1.3). No address literals, no comments, no
/// white space around it. An international domain reaches the heap through libidn2. Thread: any.
bool is_email(std::string_view text) noexcept;

}  // namespace core::text
