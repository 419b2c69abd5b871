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

}  // namespace core::text
