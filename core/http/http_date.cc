#include "core/http/http_date.h"

#include <algorithm>
#include <cstring>

namespace core::http {

namespace {

constexpr std::int64_t kDaySeconds = 86'400;
constexpr std::int64_t kFirstSecond = -62'135'596'800;  // 0001-01-01T00:00:00Z
constexpr std::int64_t kLastSecond = 253'402'300'799;   // 9999-12-31T23:59:59Z
constexpr std::int64_t kEraDays = 146'097;              // 400 Gregorian years
constexpr std::int64_t kDaysToEpoch = 719'468;          // from 0000-03-01 to 1970-01-01

void put_two_digits(char* to, std::int64_t number) noexcept {
  to[0] = static_cast<char>('0' + number / 10);
  to[1] = static_cast<char>('0' + number % 10);
}

}  // namespace

void format_http_date(std::int64_t unix_seconds, char (&out)[kHttpDateBytes]) noexcept {
  constexpr char kDays[] = "ThuFriSatSunMonTueWed";  // from the Thursday of the epoch on
  constexpr char kMonths[] = "MarAprMayJunJulAugSepOctNovDecJanFeb";

  const std::int64_t seconds =
      std::clamp(unix_seconds, kFirstSecond, kLastSecond) + kDaysToEpoch * kDaySeconds;
  const std::int64_t day = seconds / kDaySeconds;
  const std::int64_t second = seconds % kDaySeconds;

  // Years that begin in March have their leap day at the end, so that the months before it are
  // 153 days every five.
  const std::int64_t era = day / kEraDays;
  const std::int64_t day_of_era = day % kEraDays;
  const std::int64_t year_of_era =
      (day_of_era - day_of_era / 1'460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const std::int64_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const std::int64_t month = (5 * day_of_year + 2) / 153;  // 0 is March
  const std::int64_t day_of_month = day_of_year - (153 * month + 2) / 5 + 1;
  const std::int64_t year = era * 400 + year_of_era + (month >= 10 ? 1 : 0);

  std::memcpy(out, "Day, 00 Mon 0000 00:00:00 GMT", kHttpDateBytes);
  // kDaysToEpoch is a multiple of seven and one: the day counted from is a Wednesday.
  std::memcpy(out, kDays + (day - kDaysToEpoch % 7 + 7) % 7 * 3, 3);
  put_two_digits(out + 5, day_of_month);
  std::memcpy(out + 8, kMonths + month * 3, 3);
  put_two_digits(out + 12, year / 100);
  put_two_digits(out + 14, year % 100);
  put_two_digits(out + 17, second / 3'600);
  put_two_digits(out + 20, second / 60 % 60);
  put_two_digits(out + 23, second % 60);
}

}  // namespace core::http
