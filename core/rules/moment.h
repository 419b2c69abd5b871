#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "core/text/date.h"

/// Dates and times that rules compare with. All of UTC unless a window says otherwise.
namespace core::rules {

/// What `before` and `after` compare with: a date, an instant, or `today` or `now` and an offset.
struct Moment {
  enum class Anchor : std::uint8_t { kFixed, kNow, kToday };
  Anchor anchor = Anchor::kFixed;
  bool is_date = false;      // kFixed: a date alone; kToday always
  std::int64_t seconds = 0;  // kFixed: since 1970; else what is added after the months
  std::int32_t months = 0;   // what is added first, the day kept within its month

  /// Seconds since 1970 for a request at `now_s`; of a date its midnight.
  std::int64_t at(std::int64_t now_s) const noexcept;
  friend bool operator==(const Moment&, const Moment&) = default;
};

/// "2026-12-01", "2026-12-01T08:00Z", "today", "now-18y", "today+1mo2w". Units: y, mo, w, d, and of
/// `now` also h, m, s. Empty for anything else, and for offsets of more than 10,000 years.
std::optional<Moment> parse_moment(std::string_view text) noexcept;

/// How the date or instant `value` of a claim stands to `moment`: negative before it, positive after
/// it. With a date on either side dates are compared, else instants. Empty when `value` is neither.
std::optional<int> compare(std::string_view value, const Moment& moment,
                           std::int64_t now_s) noexcept;

/// A stretch of time: between two instants, on some days of the week, within some hours.
struct Window {
  std::optional<std::int64_t> from_s, until_s;  // from <= t < until
  std::uint8_t days = 0x7F;                     // bit 0 is Monday
  std::int32_t opens_s = 0, closes_s = 86'400;  // of the day; closes before it opens: over midnight
  std::int32_t utc_offset_minutes = 0;          // of `days` and hours

  bool has(std::int64_t now_s) const noexcept;
  friend bool operator==(const Window&, const Window&) = default;
};

/// "mon", "monday", "mon-fri" in any letter case, as bits of Window::days; 0 for anything else.
std::uint8_t parse_days(std::string_view text) noexcept;
/// "08:00-18:00"; false for anything else.
bool parse_hours(std::string_view text, Window& window) noexcept;
/// "+01:00" or "Z", in minutes; at most 14 hours.
std::optional<std::int32_t> parse_utc_offset(std::string_view text) noexcept;
/// An RFC 3339 date-time, its seconds left out or not, or a date.
std::optional<std::int64_t> parse_lax_instant(std::string_view text) noexcept;

/// "2026-12-01" and "2026-12-01T08:00:00Z", exactly so many bytes.
inline constexpr std::size_t kDateBytes = 10;
inline constexpr std::size_t kInstantBytes = 20;
void write_date(text::Date date, char* to) noexcept;
void write_instant(std::int64_t seconds, char* to) noexcept;

}  // namespace core::rules
