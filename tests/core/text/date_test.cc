#include "core/text/date.h"

#include <gtest/gtest.h>

#include <chrono>
#include <limits>
#include <string>

#include "exact_text.h"

namespace core::text {
namespace {

std::optional<Date> date(std::string_view text) { return parse_date(ExactText{text}.view()); }
std::optional<std::int64_t> instant(std::string_view text) {
  return parse_instant(ExactText{text}.view());
}

TEST(Date, ReadsCalendarDates) {
  EXPECT_EQ(date("1990-05-31"), (Date{1990, 5, 31}));
  EXPECT_EQ(date("2000-02-29"), (Date{2000, 2, 29}));
  EXPECT_EQ(date("0000-01-01"), (Date{0, 1, 1}));
  EXPECT_EQ(date("9999-12-31"), (Date{9999, 12, 31}));
  EXPECT_EQ(date("1990-05-31T23:59:59-11:00"), (Date{1990, 5, 31}));  // its offset moves no day
  EXPECT_EQ(date("1990-05-31T00:00:00.0000000Z"), (Date{1990, 5, 31}));
}

TEST(Date, RefusesWhatIsNone) {
  for (const std::string_view text : {"",
                                      "1990",
                                      "1990-05",
                                      "1990-5-1",
                                      "19900531",
                                      "1990-05-32",
                                      "1990-00-10",
                                      "1990-13-01",
                                      "1990-05-00",
                                      "1990-02-30",
                                      "1990-02-29",
                                      "1900-02-29",
                                      "2100-02-29",
                                      "1990-04-31",
                                      " 1990-05-31",
                                      "1990-05-31 ",
                                      "1990/05/31",
                                      "31-05-1990",
                                      "-990-05-31",
                                      "1990-05-31T",
                                      "1990-05-31T10:00",
                                      "1990-05-31T10:00:00",
                                      "+1990-05-31",
                                      "1990-05-3\u0661"}) {
    EXPECT_EQ(date(text), std::nullopt) << text;
  }
}

TEST(Date, InstantsOfRfc3339) {
  // The examples of RFC 3339, 5.8.
  EXPECT_EQ(instant("1985-04-12T23:20:50.52Z"), 482196050);
  EXPECT_EQ(instant("1996-12-19T16:39:57-08:00"), 851042397);
  EXPECT_EQ(instant("1990-12-31T23:59:60Z"), 662688000);
  EXPECT_EQ(instant("1990-12-31T15:59:60-08:00"), 662688000);
  EXPECT_EQ(instant("1937-01-01T12:00:27.87+00:20"), -1041337173);
  // And others.
  EXPECT_EQ(instant("1970-01-01"), 0);
  EXPECT_EQ(instant("1970-01-01t00:00:00z"), 0);
  EXPECT_EQ(instant("1969-12-31 23:59:59Z"), -1);
  EXPECT_EQ(instant("2038-01-19T03:14:08Z"), 2147483648);
  EXPECT_EQ(instant("2024-02-29T00:00:00+14:00"), 1709114400);
}

TEST(Date, RefusesInstantsThatAreNone) {
  for (const std::string_view text :
       {"1990-12-31T24:00:00Z", "1990-12-31T23:60:00Z", "1990-12-31T23:59:61Z",
        "1990-12-31T12:00:60Z", "1990-12-31T23:59:60+01:00", "1990-12-31T23:59:59.Z",
        "1990-12-31T23:59:59+24:00", "1990-12-31T23:59:59+00:60", "1990-12-31T23:59:59+0100",
        "1990-12-31T23:59:59", "1990-12-31T23:59:59ZZ", "1990-12-31T23:59Z", "1990-12-31X00:00:00Z",
        "1990-12-31T23:59:59,5Z"}) {
    EXPECT_EQ(instant(text), std::nullopt) << text;
  }
}

TEST(Date, EveryDayAgreesWithTheStandardLibrary) {
  const Date last{9999, 12, 31};
  Date day{0, 1, 1};
  for (std::int64_t number = days_from_civil(day);; ++number) {
    ASSERT_EQ(days_from_civil(day), number);
    ASSERT_EQ(date_of(number * 86'400, 0), day);
    ASSERT_EQ(date_of(number * 86'400 + 86'399, 0), day);
    if (number % 37 == 0) {
      const std::chrono::year_month_day other{
          std::chrono::sys_days{std::chrono::days{static_cast<int>(number)}}};
      ASSERT_EQ(static_cast<int>(other.year()), day.year);
      ASSERT_EQ(static_cast<unsigned>(other.month()), day.month);
      ASSERT_EQ(static_cast<unsigned>(other.day()), day.day);
    }
    if (day == last) break;
    if (day.day < days_in_month(day.year, day.month)) {
      ++day.day;
    } else {
      day.day = 1;
      if (++day.month == 13) {
        day.month = 1;
        ++day.year;
      }
    }
  }
}

TEST(Date, OffsetsMoveTheDayAndTheEndsHold) {
  EXPECT_EQ(date_of(0, -1), (Date{1969, 12, 31}));
  EXPECT_EQ(date_of(86'399, 1), (Date{1970, 1, 2}));
  EXPECT_EQ(date_of(std::numeric_limits<std::int64_t>::max(), 840), (Date{9999, 12, 31}));
  EXPECT_EQ(date_of(std::numeric_limits<std::int64_t>::min(), -840), (Date{0, 1, 1}));
  EXPECT_EQ(date_of(0, std::numeric_limits<int>::min()).month,
            date_of(-2147483648LL * 60, 0).month);
}

TEST(Date, AgesArePassedOnTheBirthday) {
  struct Case {
    Date birth, today;
    int age;
  };
  constexpr Case kCases[] = {
      {{2000, 6, 15}, {2018, 6, 14}, 17}, {{2000, 6, 15}, {2018, 6, 15}, 18},
      {{2000, 6, 15}, {2018, 5, 20}, 17}, {{2000, 6, 15}, {2018, 7, 1}, 18},
      {{2000, 2, 29}, {2018, 2, 28}, 17}, {{2000, 2, 29}, {2018, 3, 1}, 18},
      {{2000, 2, 29}, {2020, 2, 28}, 19}, {{2000, 2, 29}, {2020, 2, 29}, 20},
      {{2000, 2, 28}, {2018, 2, 28}, 18}, {{2000, 12, 31}, {2001, 1, 1}, 0},
      {{2020, 1, 1}, {2020, 1, 1}, 0},    {{2020, 1, 2}, {2020, 1, 1}, -1},
      {{1900, 1, 1}, {2026, 1, 1}, 126},
  };
  for (const Case& c : kCases) {
    EXPECT_EQ(age_on(c.birth, c.today), c.age)
        << c.birth.year << '-' << int{c.birth.month} << '-' << int{c.birth.day};
  }
}

TEST(Date, TimesOfDay) {
  EXPECT_EQ(parse_time_of_day("00:00"), 0);
  EXPECT_EQ(parse_time_of_day("08:30"), 30'600);
  EXPECT_EQ(parse_time_of_day("23:59:59"), 86'399);
  EXPECT_EQ(parse_time_of_day("24:00"), 86'400);
  for (const std::string_view text : {"", "8:30", "08:60", "24:01", "24:00:01", "25:00", "08:30:60",
                                      "08:30:", "08.30", "08:30 ", "-8:30", "0830"}) {
    EXPECT_EQ(parse_time_of_day(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace core::text
