#include "core/rules/moment.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

#include "core/text/text.h"

namespace core::rules {
namespace {

constexpr std::int64_t kDay = 86'400;
constexpr std::int64_t kYearsMax = 10'000;

std::int64_t days_of(std::int64_t seconds) noexcept {
  return seconds >= 0 ? seconds / kDay : -((-seconds + kDay - 1) / kDay);
}

text::Date plus_months(text::Date date, std::int32_t months) noexcept {
  const std::int64_t count = std::int64_t{date.year} * 12 + (date.month - 1) + months;
  const std::int64_t clamped = std::clamp<std::int64_t>(count, 0, 9999 * 12 + 11);
  text::Date moved{static_cast<std::int32_t>(clamped / 12),
                   static_cast<std::uint8_t>(clamped % 12 + 1), date.day};
  const int most = text::days_in_month(moved.year, moved.month);
  moved.day = static_cast<std::uint8_t>(std::min<int>(moved.day, most));
  return moved;
}

/// Adds "-18y" or "+1mo2w": each term has the sign in front of it or the one before.
bool parse_offset(std::string_view text, Moment& moment) noexcept {
  std::int64_t sign = 0, months = 0, seconds = 0;
  while (!text.empty()) {
    if (text[0] == '+' || text[0] == '-') {
      sign = text[0] == '+' ? 1 : -1;
      text.remove_prefix(1);
    }
    std::int64_t count = 0;
    const auto [stop, ec] = std::from_chars(text.data(), text.data() + text.size(), count);
    if (sign == 0 || ec != std::errc{} || count < 0 || text.empty() || text[0] == '-') return false;
    text.remove_prefix(static_cast<std::size_t>(stop - text.data()));
    const auto unit = [&text](std::string_view word) {
      if (!text.starts_with(word)) return false;
      text.remove_prefix(word.size());
      return true;
    };
    std::int64_t scale_s = 0;
    if (unit("y")) {
      if (count > kYearsMax) return false;
      months += sign * count * 12;
    } else if (unit("mo")) {
      if (count > kYearsMax * 12) return false;
      months += sign * count;
    } else if (unit("w")) {
      scale_s = 7 * kDay;
    } else if (unit("d")) {
      scale_s = kDay;
    } else if (moment.anchor == Moment::Anchor::kNow && unit("h")) {
      scale_s = 3600;
    } else if (moment.anchor == Moment::Anchor::kNow && unit("m")) {
      scale_s = 60;
    } else if (moment.anchor == Moment::Anchor::kNow && unit("s")) {
      scale_s = 1;
    } else {
      return false;
    }
    if (scale_s != 0) {
      if (count > kYearsMax * 366 * kDay / scale_s) return false;
      seconds += sign * count * scale_s;
    }
    if (std::abs(months) > kYearsMax * 12 || std::abs(seconds) > kYearsMax * 366 * kDay) return false;
  }
  moment.months = static_cast<std::int32_t>(months);
  moment.seconds = seconds;
  return true;
}

}  // namespace

std::int64_t Moment::at(std::int64_t now_s) const noexcept {
  if (anchor == Anchor::kFixed) return seconds;
  std::int64_t base = anchor == Anchor::kToday ? days_of(now_s) * kDay : now_s;
  if (months != 0) {
    const std::int64_t of_day = base - days_of(base) * kDay;
    base = text::days_from_civil(plus_months(text::date_of(base, 0), months)) * kDay + of_day;
  }
  return base + seconds;
}

std::optional<std::int64_t> parse_lax_instant(std::string_view text) noexcept {
  if (const auto instant = text::parse_instant(text)) return instant;
  // "2026-12-01T08:00Z": RFC 3339 wants seconds, people leave them out.
  constexpr std::size_t kMinutes = 16;
  constexpr std::size_t kBytesMax = 32;
  if (text.size() <= kMinutes || text.size() > kBytesMax || text[kMinutes] == ':') return {};
  std::array<char, kBytesMax + 3> room{};
  std::memcpy(room.data(), text.data(), kMinutes);
  std::memcpy(room.data() + kMinutes, ":00", 3);
  std::memcpy(room.data() + kMinutes + 3, text.data() + kMinutes, text.size() - kMinutes);
  return text::parse_instant({room.data(), text.size() + 3});
}

std::optional<Moment> parse_moment(std::string_view text) noexcept {
  Moment moment;
  if (text.starts_with("now") || text.starts_with("today")) {
    const bool now = text.starts_with("now");
    moment.anchor = now ? Moment::Anchor::kNow : Moment::Anchor::kToday;
    moment.is_date = !now;
    if (!parse_offset(text.substr(now ? 3 : 5), moment)) return {};
    return moment;
  }
  const auto seconds = parse_lax_instant(text);
  if (!seconds) return {};
  moment.seconds = *seconds;
  moment.is_date = text.size() == kDateBytes;
  return moment;
}

std::optional<int> compare(std::string_view value, const Moment& moment,
                           std::int64_t now_s) noexcept {
  const auto seconds = text::parse_instant(value);
  if (!seconds) return {};
  std::int64_t left = *seconds, right = moment.at(now_s);
  if (moment.is_date || value.size() == kDateBytes) {
    // The date that a claim is written with: its offset moves no birthday (text/date.h).
    const auto date = text::parse_date(value);
    if (!date) return {};
    left = text::days_from_civil(*date);
    right = days_of(right);
  }
  return left < right ? -1 : left > right ? 1 : 0;
}

bool Window::has(std::int64_t now_s) const noexcept {
  if ((from_s && now_s < *from_s) || (until_s && now_s >= *until_s)) return false;
  const std::int64_t local = now_s + std::int64_t{utc_offset_minutes} * 60;
  std::int64_t day = days_of(local);
  const std::int64_t of_day = local - day * kDay;
  if (opens_s < closes_s) {
    if (of_day < opens_s || of_day >= closes_s) return false;
  } else {
    if (of_day < opens_s && of_day >= closes_s) return false;
    if (of_day < closes_s) --day;  // the hours after midnight belong to the day they began on
  }
  const std::int64_t weekday = ((day + 3) % 7 + 7) % 7;  // 1970-01-01 was a Thursday
  return (days >> weekday & 1) != 0;
}

std::uint8_t parse_days(std::string_view text) noexcept {
  constexpr std::array<std::string_view, 7> kDays = {"monday", "tuesday",  "wednesday", "thursday",
                                                     "friday", "saturday", "sunday"};
  const auto day_of = [&](std::string_view word) -> int {
    for (int i = 0; i < 7; ++i) {
      const std::string_view name = kDays[static_cast<std::size_t>(i)];
      if (text::equals_ignore_case_ascii(word, name) ||
          text::equals_ignore_case_ascii(word, name.substr(0, 3))) {
        return i;
      }
    }
    return -1;
  };
  const std::size_t dash = text.find('-');
  const int first = day_of(text.substr(0, dash));
  const int last = dash == std::string_view::npos ? first : day_of(text.substr(dash + 1));
  if (first < 0 || last < 0) return 0;
  unsigned days = 0;
  for (int day = first;; day = (day + 1) % 7) {
    days |= 1U << day;
    if (day == last) break;
  }
  return static_cast<std::uint8_t>(days);
}

bool parse_hours(std::string_view text, Window& window) noexcept {
  const std::size_t dash = text.find('-');
  if (dash == std::string_view::npos) return false;
  const auto opens = text::parse_time_of_day(text.substr(0, dash));
  const auto closes = text::parse_time_of_day(text.substr(dash + 1));
  if (!opens || !closes || *opens == *closes || *opens == kDay) return false;
  window.opens_s = *opens;
  window.closes_s = *closes;
  return true;
}

std::optional<std::int32_t> parse_utc_offset(std::string_view text) noexcept {
  if (text == "Z") return 0;
  if (text.size() != 6 || (text[0] != '+' && text[0] != '-')) return {};
  const auto of_day = text::parse_time_of_day(text.substr(1));
  if (!of_day || *of_day > 14 * 3600) return {};
  return (text[0] == '-' ? -1 : 1) * *of_day / 60;
}

void write_date(text::Date date, char* to) noexcept {
  const auto put = [](char* at, int value, int digits) {
    for (int i = digits - 1; i >= 0; --i, value /= 10) at[i] = static_cast<char>('0' + value % 10);
  };
  put(to, date.year, 4);
  to[4] = to[7] = '-';
  put(to + 5, date.month, 2);
  put(to + 8, date.day, 2);
}

void write_instant(std::int64_t seconds, char* to) noexcept {
  write_date(text::date_of(seconds, 0), to);
  const std::int64_t of_day = seconds - days_of(seconds) * kDay;
  const auto put = [](char* at, std::int64_t value) {
    at[0] = static_cast<char>('0' + value / 10);
    at[1] = static_cast<char>('0' + value % 10);
  };
  to[10] = 'T';
  put(to + 11, of_day / 3600);
  to[13] = ':';
  put(to + 14, of_day / 60 % 60);
  to[16] = ':';
  put(to + 17, of_day % 60);
  to[19] = 'Z';
}

}  // namespace core::rules
