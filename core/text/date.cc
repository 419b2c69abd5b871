#include "core/text/date.h"

#include <algorithm>

namespace core::text {
namespace {

constexpr std::int64_t kSecondsADay = 86'400;
constexpr std::int32_t kYearMax = 9999;

/// Reads a text from its beginning to its end; once something is not as asked, good() is false.
class Reader {
 public:
  explicit Reader(std::string_view text) noexcept : text_(text) {}

  std::int32_t digits(std::size_t count) noexcept {
    std::int32_t value = 0;
    for (; count > 0; --count) {
      if (!at_digit()) {
        good_ = false;
        return 0;
      }
      value = value * 10 + (text_.front() - '0');
      text_.remove_prefix(1);
    }
    return value;
  }
  /// The byte when it is one of `these`, else 0.
  char one_of(std::string_view these) noexcept {
    if (text_.empty() || these.find(text_.front()) == std::string_view::npos) return 0;
    const char c = text_.front();
    text_.remove_prefix(1);
    return c;
  }
  void expect(std::string_view these) noexcept { good_ = one_of(these) != 0 && good_; }
  void skip_digits() noexcept {
    while (at_digit()) text_.remove_prefix(1);
  }
  bool at_digit() const noexcept {
    return !text_.empty() && text_.front() >= '0' && text_.front() <= '9';
  }
  bool good() const noexcept { return good_; }
  bool done() const noexcept { return good_ && text_.empty(); }

 private:
  std::string_view text_;
  bool good_ = true;
};

struct DateTime {
  Date date;
  std::int64_t second_of_day = 0;  // UTC; beyond the day where the offset moves it
};

bool is_valid(std::int32_t year, std::int32_t month, std::int32_t day) noexcept {
  return day >= 1 && day <= days_in_month(year, month);
}

/// A date, or an RFC 3339 date-time (5.6: also with small letters, or a blank instead of the T).
std::optional<DateTime> parse(std::string_view text) noexcept {
  Reader reader{text};
  const std::int32_t year = reader.digits(4);
  reader.expect("-");
  const std::int32_t month = reader.digits(2);
  reader.expect("-");
  const std::int32_t day = reader.digits(2);
  if (!reader.good() || !is_valid(year, month, day)) return std::nullopt;
  DateTime result{{year, static_cast<std::uint8_t>(month), static_cast<std::uint8_t>(day)}};
  if (reader.done()) return result;

  reader.expect("Tt ");
  const std::int32_t hour = reader.digits(2);
  reader.expect(":");
  const std::int32_t minute = reader.digits(2);
  reader.expect(":");
  const std::int32_t second = reader.digits(2);
  if (reader.one_of(".") != 0) {
    if (!reader.at_digit()) return std::nullopt;
    reader.skip_digits();
  }
  std::int32_t offset_minutes = 0;
  const char zone = reader.one_of("Zz+-");
  if (zone == 0) return std::nullopt;
  if (zone == '+' || zone == '-') {
    const std::int32_t offset_hour = reader.digits(2);
    reader.expect(":");
    const std::int32_t offset_minute = reader.digits(2);
    if (offset_hour > 23 || offset_minute > 59) return std::nullopt;
    offset_minutes = (offset_hour * 60 + offset_minute) * (zone == '+' ? 1 : -1);
  }
  if (!reader.done() || hour > 23 || minute > 59 || second > 60) return std::nullopt;
  const std::int32_t utc_minute = hour * 60 + minute - offset_minutes;
  if (second == 60 && (utc_minute + 1440) % 1440 != 1439) return std::nullopt;
  result.second_of_day = std::int64_t{utc_minute} * 60 + second;
  return result;
}

}  // namespace

int days_in_month(std::int32_t year, int month) noexcept {
  constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  if (month < 1 || month > 12) return 0;
  return month == 2 && is_leap_year(year) ? 29 : kDays[month - 1];
}

std::optional<Date> parse_date(std::string_view text) noexcept {
  const std::optional<DateTime> found = parse(text);
  if (!found) return std::nullopt;
  return found->date;
}

std::optional<std::int64_t> parse_instant(std::string_view text) noexcept {
  const std::optional<DateTime> found = parse(text);
  if (!found) return std::nullopt;
  return days_from_civil(found->date) * kSecondsADay + found->second_of_day;
}

// Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms": the year begins in March, so the
// leap day is its last, and 400 years are one era of 146,097 days.
std::int64_t days_from_civil(Date date) noexcept {
  const std::int64_t year = std::int64_t{date.year} - (date.month <= 2 ? 1 : 0);
  const std::int64_t era = (year >= 0 ? year : year - 399) / 400;
  const std::int64_t year_of_era = year - era * 400;
  const std::int64_t month = date.month > 2 ? date.month - 3 : date.month + 9;
  const std::int64_t day_of_year = (153 * month + 2) / 5 + date.day - 1;
  const std::int64_t day_of_era =
      year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146'097 + day_of_era - 719'468;
}

Date date_of(std::int64_t seconds, int utc_offset_minutes) noexcept {
  constexpr Date kFirst{0, 1, 1};
  constexpr Date kLast{kYearMax, 12, 31};
  const std::int64_t first = days_from_civil(kFirst) * kSecondsADay;
  const std::int64_t last = days_from_civil(kLast) * kSecondsADay + kSecondsADay - 1;
  seconds = std::clamp(std::clamp(seconds, first, last) + std::int64_t{utc_offset_minutes} * 60,
                       first, last);
  const std::int64_t days =
      (seconds >= 0 ? seconds : seconds - (kSecondsADay - 1)) / kSecondsADay + 719'468;
  const std::int64_t era = (days >= 0 ? days : days - 146'096) / 146'097;
  const std::int64_t day_of_era = days - era * 146'097;
  const std::int64_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const std::int64_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const std::int64_t month = (5 * day_of_year + 2) / 153;
  const std::int64_t day = day_of_year - (153 * month + 2) / 5 + 1;
  const std::int64_t civil_month = month < 10 ? month + 3 : month - 9;
  const std::int64_t year = year_of_era + era * 400 + (civil_month <= 2 ? 1 : 0);
  return {static_cast<std::int32_t>(year), static_cast<std::uint8_t>(civil_month),
          static_cast<std::uint8_t>(day)};
}

int age_on(Date birth, Date today) noexcept {
  const int years = today.year - birth.year;
  const bool before_birthday =
      today.month < birth.month || (today.month == birth.month && today.day < birth.day);
  return before_birthday ? years - 1 : years;
}

std::optional<std::int32_t> parse_time_of_day(std::string_view text) noexcept {
  Reader reader{text};
  const std::int32_t hour = reader.digits(2);
  reader.expect(":");
  const std::int32_t minute = reader.digits(2);
  std::int32_t second = 0;
  if (reader.one_of(":") != 0) second = reader.digits(2);
  if (!reader.done() || minute > 59 || second > 59) return std::nullopt;
  const std::int32_t result = hour * 3600 + minute * 60 + second;
  if (result > kSecondsADay) return std::nullopt;
  return result;
}

}  // namespace core::text
