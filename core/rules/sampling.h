#pragma once

#include <string_view>

namespace core::rules {

/// Where a value falls between 0 and 1 for `percent`, the same on every machine, in every process and
/// release: SipHash-2-4 (Aumasson and Bernstein, 2012) with the key 00 01 .. 0f over the salt, a zero
/// byte and the value, divided by 2^64. Values in a share of 10% are in one of 25% too, so a share
/// can grow; another salt gives another choice. Thread: any.
double share_of(std::string_view salt, std::string_view value) noexcept;

}  // namespace core::rules
