#pragma once

#include <fmt/core.h>

#include <cstdint>
#include <utility>

/// The program's own messages, one a line on stderr: "claimgate: listening on ...". Never on the
/// request path, never with a claim, a credential or a query. Thread: any.
namespace proxy::log {

/// Once, before the first message; later calls do nothing.
void open();

enum class Level : std::uint8_t { kInfo, kWarning, kError };

/// What info(), warn() and error() end in: a line for which there is no memory is left out. spdlog and most of fmt stay behind it: instantiated in each
/// file that has something to say, they were a tenth of the build.
void write(Level level, fmt::string_view format, fmt::format_args values) noexcept;

template <class... Values>
void info(fmt::format_string<Values...> format, Values&&... values) {
  write(Level::kInfo, format, fmt::make_format_args(values...));
}

template <class... Values>
void warn(fmt::format_string<Values...> format, Values&&... values) {
  write(Level::kWarning, format, fmt::make_format_args(values...));
}

template <class... Values>
void error(fmt::format_string<Values...> format, Values&&... values) {
  write(Level::kError, format, fmt::make_format_args(values...));
}

}  // namespace proxy::log
