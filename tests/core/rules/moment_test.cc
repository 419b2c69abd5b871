#include "core/rules/moment.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "core/text/date.h"

namespace core::rules {
namespace {

std::int64_t instant(std::string_view text) { return text::parse_instant(text).value(); }

std::string at(std::string_view moment, std::string_view now) {
  const auto parsed = parse_moment(moment);
  if (!parsed) return "none";
  char to[kInstantBytes];
  write_instant(parsed->at(instant(now)), to);
  return {to, sizeof to};
}

TEST(Moment, AddsMonthsFirstAndKeepsTheDayWithinItsMonth) {
  constexpr std::string_view kNow = "2024-03-31T22:30:15Z";
  EXPECT_EQ(at("now", kNow), "2024-03-31T22:30:15Z");
  EXPECT_EQ(at("today", kNow), "2024-03-31T00:00:00Z");
  EXPECT_EQ(at("today-1mo", kNow), "2024-02-29T00:00:00Z");
  EXPECT_EQ(at("today-13mo", kNow), "2023-02-28T00:00:00Z");
  EXPECT_EQ(at("today-1y1mo", kNow), "2023-02-28T00:00:00Z");
  EXPECT_EQ(at("today+1mo1d", kNow), "2024-05-01T00:00:00Z");
  EXPECT_EQ(at("today-18y", kNow), "2006-03-31T00:00:00Z");
  EXPECT_EQ(at("today-2w+1d", kNow), "2024-03-18T00:00:00Z");
  EXPECT_EQ(at("now-1h30m15s", kNow), "2024-03-31T21:00:00Z");
  EXPECT_EQ(at("2026-12-01T08:00+01:00", kNow), "2026-12-01T07:00:00Z");
  EXPECT_EQ(at("2026-12-01", kNow), "2026-12-01T00:00:00Z");
  // A leap day's birthday, eighteen years on.
  EXPECT_EQ(at("today-18y", "2026-02-28T12:00:00Z"), "2008-02-28T00:00:00Z");
}

TEST(Moment, RefusesWhatIsNone) {
  for (const std::string_view text :
       {"", "noon", "today-", "today18y", "today-y", "today-1", "today-1h", "now--1d", "today-1q",
        "today-10001y", "today-99999999999999999999d", "2026-02-29", "2026-13-01", "2026-12-01T",
        "2026-12-01T24:01Z", "2026-12-01T08:00", "now -1d"}) {
    EXPECT_FALSE(parse_moment(text)) << text;
  }
}

TEST(Moment, ComparesDatesWhenOneSideIsOneElseInstants) {
  const std::int64_t now = instant("2026-11-26T10:00:00Z");
  const auto stands = [&](std::string_view value, std::string_view moment) {
    return compare(value, parse_moment(moment).value(), now);
  };
  EXPECT_EQ(stands("2026-11-25", "today"), -1);
  EXPECT_EQ(stands("2026-11-26", "today"), 0);
  EXPECT_EQ(stands("2026-11-26", "now"), 0);  // a date has no hour to be before
  EXPECT_EQ(stands("2026-11-26T09:59:59Z", "now"), -1);
  EXPECT_EQ(stands("2026-11-26T10:00:00Z", "now"), 0);
  EXPECT_EQ(stands("2026-11-26T11:00:01+01:00", "now"), 1);
  // Its own date, not that of UTC.
  EXPECT_EQ(stands("2026-11-27T00:30:00+14:00", "2026-11-26"), 1);
  EXPECT_EQ(stands("soon", "today"), std::nullopt);
  EXPECT_EQ(stands("", "today"), std::nullopt);
}

TEST(Window, HasItsBeginningAndNotItsEnd) {
  Window window;
  window.from_s = instant("2026-12-01T08:00:00Z");
  window.until_s = instant("2026-12-02T08:00:00Z");
  EXPECT_FALSE(window.has(*window.from_s - 1));
  EXPECT_TRUE(window.has(*window.from_s));
  EXPECT_TRUE(window.has(*window.until_s - 1));
  EXPECT_FALSE(window.has(*window.until_s));
}

TEST(Window, HoursOverMidnightBelongToTheDayTheyBeganOn) {
  Window window;
  ASSERT_TRUE(parse_hours("22:00-06:00", window));
  window.days = parse_days("fri");
  EXPECT_FALSE(window.has(instant("2026-11-27T21:59:59Z")));  // a Friday
  EXPECT_TRUE(window.has(instant("2026-11-27T22:00:00Z")));
  EXPECT_TRUE(window.has(instant("2026-11-28T05:59:59Z")));
  EXPECT_FALSE(window.has(instant("2026-11-28T06:00:00Z")));
  EXPECT_FALSE(window.has(instant("2026-11-28T22:00:00Z")));  // Saturday's own night
  EXPECT_FALSE(window.has(instant("2026-11-27T05:00:00Z")));  // Thursday's
}

TEST(Window, DaysAndHoursAreOfItsOffset) {
  Window window;
  ASSERT_TRUE(parse_hours("08:00-18:00", window));
  window.days = parse_days("mon-fri");
  window.utc_offset_minutes = parse_utc_offset("+05:30").value();
  EXPECT_TRUE(window.has(instant("2026-11-27T02:30:00Z")));   // Friday, 08:00 there
  EXPECT_FALSE(window.has(instant("2026-11-27T02:29:59Z")));
  EXPECT_FALSE(window.has(instant("2026-11-27T12:30:00Z")));  // 18:00
  EXPECT_FALSE(window.has(instant("2026-11-29T19:00:00Z")));  // Monday there, half past midnight
  // Before 1970, where days count backwards: a Wednesday.
  Window wednesday;
  wednesday.days = parse_days("wed");
  EXPECT_TRUE(wednesday.has(-1));
  EXPECT_FALSE(wednesday.has(0));
}

TEST(Window, ReadsItsWords) {
  EXPECT_EQ(parse_days("mon"), 0x01);
  EXPECT_EQ(parse_days("Sunday"), 0x40);
  EXPECT_EQ(parse_days("mon-FRI"), 0x1F);
  EXPECT_EQ(parse_days("sat-mon"), 0x61);
  EXPECT_EQ(parse_days("mon-sun"), 0x7F);
  for (const std::string_view text : {"", "m", "mo", "mond", "mon-", "-fri", "mon-fri-sat"}) {
    EXPECT_EQ(parse_days(text), 0) << text;
  }
  Window window;
  EXPECT_TRUE(parse_hours("00:00-24:00", window));
  EXPECT_TRUE(window.has(instant("2026-11-26T23:59:59Z")));
  for (const std::string_view text :
       {"", "8-18", "08:00", "08:00-08:00", "24:00-06:00", "08:00-25:00", "08:60-09:00"}) {
    EXPECT_FALSE(parse_hours(text, window)) << text;
  }
  EXPECT_EQ(parse_utc_offset("Z"), 0);
  EXPECT_EQ(parse_utc_offset("-03:30"), -210);
  EXPECT_EQ(parse_utc_offset("+14:00"), 840);
  for (const std::string_view text : {"", "z", "1:00", "+1:00", "+14:01", "+24:00", "+01:00 "}) {
    EXPECT_FALSE(parse_utc_offset(text)) << text;
  }
}

}  // namespace
}  // namespace core::rules
