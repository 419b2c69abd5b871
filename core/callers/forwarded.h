#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "core/callers/address.h"
#include "core/http/message.h"

namespace core::callers {

/// The address that `depth` trusted proxies in a row have seen: the depth-th element of
/// X-Forwarded-For from the right, all its fields taken together in their order. Every proxy adds the
/// address it was called from at the right, so what stands farther left may be anybody's invention.
/// Elements are addresses, perhaps with a port ("192.0.2.1:443", "[2001:db8::1]:443"), as proxies
/// write them. Empty when there are fewer elements, or that one is no address. `depth` is at least 1.
/// Reads from the right and stops there. Never allocates. Thread: any.
std::optional<Address> forwarded_address(const http::Request& request, std::size_t depth) noexcept;

inline constexpr std::size_t kDepthMax = 16;

/// One element, without white space around it.
std::optional<Address> read_element(std::string_view element) noexcept;

}  // namespace core::callers
