#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string_view>

/// Dates and instants of the proleptic Gregorian calendar, years 0 to 9999. Pure arithmetic: no
/// heap, no clock, no time zone database. Thread: any.
namespace core::text {

/// A day of the calendar, valid as parse_date and date_of give it.
struct Date {
  std::int32_t year;
  std::uint8_t month;  // 1 to 12
  std::uint8_t day;    // 1 to 31
  friend constexpr auto operator<=>(const Date&, const Date&) = default;
};

constexpr bool is_leap_year(std::int32_t year) noexcept {
  return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}
/// 0 for a month that is none.
int days_in_month(std::int32_t year, int month) noexcept;

/// "1990-05-31" (ISO 8601 calendar date, extended form) or the date that an RFC 3339 date-time is
/// written with ("1990-05-31T23:00:00-05:00" is the 31st: its offset moves no birthday). Nothing
/// around it. Empty for anything else, 30 February included.
std::optional<Date> parse_date(std::string_view text) noexcept;

/// Seconds since 1970-01-01T00:00:00Z of an RFC 3339 date-time, or of midnight UTC for a date
/// alone. A fraction of a second is dropped (towards the past). Second 60 is accepted where a leap
/// second can be, at 23:59:60 UTC, and is the second after (RFC 3339, 5.7; POSIX time).
std::optional<std::int64_t> parse_instant(std::string_view text) noexcept;

/// Days since 1970-01-01, negative before it.
std::int64_t days_from_civil(Date date) noexcept;
/// The date at `seconds` since 1970 where clocks are `utc_offset_minutes` ahead of UTC. The result
/// is kept within years 0 to 9999.
Date date_of(std::int64_t seconds, int utc_offset_minutes) noexcept;

/// Full years of life on `today`; negative before birth. Whoever is born on 29 February is a year
/// older on 1 March of a common year: the year is over when 28 February is (so German law, BGB
/// sections 187 (2) and 188 (2)). Where custom or law has 28 February instead, this is the day
/// after, the safe side for a rule that lets nobody in too young.
int age_on(Date birth, Date today) noexcept;

/// "08:30" or "08:30:15" as seconds since midnight; "24:00" is 86,400, the end of a day.
std::optional<std::int32_t> parse_time_of_day(std::string_view text) noexcept;

}  // namespace core::text
