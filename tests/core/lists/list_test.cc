#include "core/lists/list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace core::lists {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr std::uint64_t kListSeed = 0x5eed;

/// Parses from a heap block of exactly the size of `contents`.
List parse(std::string_view contents, Match match) {
  const std::unique_ptr<char[]> exact(new char[contents.size()]);
  std::memcpy(exact.get(), contents.data(), contents.size());
  return List::parse({exact.get(), contents.size()}, match, kListSeed);
}

/// What a caller does: bring the value into the list's form, then ask.
bool asked(const List& list, std::string_view value) {
  Arena arena(64 * 1024);
  return list.contains(List::normalise(list.match(), value, arena));
}

std::vector<std::size_t> lines_of(const std::vector<BadLine>& bad) {
  std::vector<std::size_t> lines;
  for (const BadLine& line : bad) lines.push_back(line.line);
  return lines;
}

TEST(ListParse, ReadsOneEntryALine) {
  const List list = parse(
      "# partners\n"
      "alpha\n"
      "\n"
      "  beta\t\r\n"
      "\t# not an entry\r\n"
      "two words\r\n"
      " \t \n"
      "last",
      Match::kExact);
  EXPECT_EQ(list.size(), 4u);
  EXPECT_EQ(list.bad_count(), 0u);
  EXPECT_TRUE(list.complete());
  for (const std::string_view in : {"alpha", "beta", "two words", "last"}) {
    EXPECT_TRUE(list.contains(in)) << in;
  }
  for (const std::string_view out :
       {"", "Alpha", "beta\t", " beta", "# partners", "two", "las", "# not an entry", "lastx"}) {
    EXPECT_FALSE(list.contains(out)) << out;
  }
}

TEST(ListParse, ReadsNothingFromNothing) {
  for (const std::string_view contents : {"", "\n", "\r\n", "\n\n\n", "#", "# a\n#b",
                                          "\xEF\xBB\xBF", "\xEF\xBB\xBF\n", "\xC2\xA0\n", "   "}) {
    for (const Match match : {Match::kExact, Match::kEmail, Match::kDomain}) {
      const List list = parse(contents, match);
      EXPECT_EQ(list.size(), 0u) << contents;
      EXPECT_EQ(list.bad_count(), 0u) << contents;
      EXPECT_TRUE(list.complete());
      EXPECT_FALSE(list.contains(""));
      EXPECT_FALSE(list.contains("com"));
    }
  }
}

TEST(ListParse, SkipsAByteOrderMarkOnlyAtTheBeginning) {
  const List list = parse(
      "\xEF\xBB\xBF"
      "alpha\n\xEF\xBB\xBF"
      "beta\n",
      Match::kExact);
  EXPECT_TRUE(list.contains("alpha"));
  EXPECT_FALSE(list.contains("beta"));
  EXPECT_TRUE(
      list.contains("\xEF\xBB\xBF"
                    "beta"));
  EXPECT_EQ(parse("\xEF\xBB\xBF# remark\nalpha", Match::kExact).size(), 1u);
}

TEST(ListParse, RemovesWhiteSpaceBeyondAscii) {
  const List list = parse(
      "\xC2\xA0"
      "anna@example.com\xE3\x80\x80\n",
      Match::kEmail);
  EXPECT_EQ(list.bad_count(), 0u);
  EXPECT_TRUE(asked(list, "anna@example.com"));
}

TEST(ListParse, CountsEntriesThatAreTheSameOnce) {
  EXPECT_EQ(parse("a\na\r\n a\nA\n", Match::kExact).size(), 2u);
  EXPECT_EQ(parse("Anna@Example.com\nanna@example.COM\nanna@example.com.\n", Match::kEmail).size(),
            1u);
  EXPECT_EQ(parse("Example.com\n@example.com\n.example.com\n*.EXAMPLE.com\nexample.com.\n",
                  Match::kDomain)
                .size(),
            1u);
}

TEST(ListParse, FindsEmailAddressesHoweverTheyAreWritten) {
  const List list = parse(
      "Anna.Svensson@Example.COM\r\nbo@b\xC3\xBC"
      "cher.example\n",
      Match::kEmail);
  EXPECT_EQ(list.size(), 2u);
  for (const std::string_view in :
       {"anna.svensson@example.com", "ANNA.SVENSSON@EXAMPLE.COM", "anna.svensson@example.com.",
        "bo@b\xC3\xBC"
        "cher.example",
        "bo@B\xC3\x9C"
        "CHER.example",
        "bo@xn--bcher-kva.example"}) {
    EXPECT_TRUE(asked(list, in)) << in;
  }
  for (const std::string_view out :
       {"", "@", "example.com", "annasvensson@example.com", "anna.svensson@mail.example.com",
        "anna.svensson@example.co", "xanna.svensson@example.com", "anna.svensson@example.comx"}) {
    EXPECT_FALSE(asked(list, out)) << out;
  }
}

TEST(ListParse, MatchesADomainAndEveryDomainBelowIt) {
  const List list = parse(
      "example.com\n"
      "*.sub.example.org\n"
      ".dotted.example\n"
      "@at.example\n"
      "a.very.deep.name.example.net\n"
      "under_score.example.edu\n"
      "xn--bcher-kva.example\n",
      Match::kDomain);
  EXPECT_EQ(list.bad_count(), 0u);
  EXPECT_EQ(list.size(), 7u);
  for (const std::string_view in :
       {"example.com", "EXAMPLE.com", "example.com.", "a.example.com", "a.b.c.d.e.example.com",
        "sub.example.org", "x.sub.example.org", "dotted.example", "mail.dotted.example",
        "at.example", "a.very.deep.name.example.net", "and.a.very.deep.name.example.net",
        "under_score.example.edu",
        "b\xC3\xBC"
        "cher.example",
        "mail.B\xC3\x9C"
        "cher.example",
        "example\xE3\x80\x82"
        "com"}) {
    EXPECT_TRUE(asked(list, in)) << in;
  }
  for (const std::string_view out :
       {"", ".", "com", "ample.com", "badexample.com", "example.com.evil.test", "example.org",
        "example", "very.deep.name.example.net", "example.net", "deep.name.example.net",
        "example.comm", "xexample.com", "a.example.net", "net"}) {
    EXPECT_FALSE(asked(list, out)) << out;
  }
}

TEST(ListParse, MatchesATopLevelDomain) {
  const List list = parse("test\n", Match::kDomain);
  EXPECT_TRUE(asked(list, "test"));
  EXPECT_TRUE(asked(list, "a.b.test"));
  EXPECT_FALSE(asked(list, "attest"));
  EXPECT_FALSE(asked(list, "test.example"));
}

/// 127 labels are the most 253 bytes can hold; from the 63rd on they share a bit.
TEST(ListParse, MatchesDomainsOfAnyDepth) {
  for (std::size_t labels = 1; labels <= 127; ++labels) {
    std::string domain;
    for (std::size_t i = 1; i < labels; ++i) domain += "a.";
    domain += "b";
    const List list = parse(domain, Match::kDomain);
    ASSERT_EQ(list.bad_count(), 0u) << labels;
    EXPECT_TRUE(list.contains(domain));
    EXPECT_TRUE(list.contains("c." + domain));
    EXPECT_TRUE(list.contains("c.d." + domain));
    EXPECT_FALSE(list.contains("c" + domain));
    if (labels == 1) continue;
    EXPECT_FALSE(list.contains(domain.substr(2)));
  }
}

TEST(ListParse, RefusesWhatIsNoSuchValueAndSaysWhy) {
  struct Case {
    Match match;
    std::string line;
    std::string_view message;
  };
  const std::string label64(64, 'a');
  const std::string label63 = label64.substr(1);
  const std::string bytes254 = label63 + "." + label63 + "." + label63 + "." + label63.substr(1);
  ASSERT_EQ(bytes254.size(), 254u);
  const Case cases[] = {
      {Match::kExact, "caf\xE9", "not UTF-8"},
      {Match::kExact, "\xC3", "not UTF-8"},
      {Match::kExact, "\xED\xA0\x80", "not UTF-8"},
      {Match::kExact, std::string("a\0b", 3), "zero byte"},
      {Match::kExact, std::string(1025, 'a'), "longer than 1024 bytes"},
      {Match::kEmail, "anna@caf\xE9.example", "not UTF-8"},
      {Match::kEmail, std::string("anna\0@example.com", 17), "zero byte"},
      {Match::kEmail, "example.com", "there is no '@'"},
      {Match::kEmail, "@example.com", "one side"},
      {Match::kEmail, "anna@", "one side"},
      {Match::kEmail, "anna@.", "one side"},
      {Match::kEmail, "@", "one side"},
      {Match::kEmail, "anna svensson@example.com", "white space"},
      {Match::kEmail, "anna@example.com,\tbo@example.com", "white space"},
      {Match::kEmail, "anna@example.com # fired", "white space"},
      {Match::kEmail, "anna\xC2\xA0svensson@example.com", "white space"},
      {Match::kEmail, "anna@example.com\rbo@example.com", "white space"},
      {Match::kEmail, std::string(1013, 'a') + "@example.com", "longer than 1024 bytes"},
      {Match::kDomain, "example .com", "white space"},
      {Match::kDomain, "exam\xE2\x80\x83ple.com", "white space"},
      {Match::kDomain, "example..com", "empty part"},
      {Match::kDomain, "..example.com", "empty part"},
      {Match::kDomain, "*..example.com", "empty part"},
      {Match::kDomain, "*.", "no domain"},
      {Match::kDomain, "@", "no domain"},
      {Match::kDomain, ".", "no domain"},
      {Match::kDomain, "*", "no domain has"},
      {Match::kDomain, "a.*.example.com", "no domain has"},
      {Match::kDomain, "exa!mple.com", "no domain has"},
      {Match::kDomain, "anna@example.com", "an e-mail address"},
      {Match::kDomain, "*@example.com", "an e-mail address"},
      {Match::kDomain, "@@example.com", "an e-mail address"},
      {Match::kDomain, "https://example.com", "scheme"},
      {Match::kDomain, "example.com/path", "scheme"},
      {Match::kDomain, "example.com:443", "scheme"},
      {Match::kDomain, label64 + ".example", "63 bytes"},
      {Match::kDomain, "example." + label64, "63 bytes"},
      {Match::kDomain, bytes254, "253 bytes"},
      {Match::kDomain, std::string(1025, 'a'), "longer than 1024 bytes"},
      {Match::kDomain, std::string("exam\0ple.com", 12), "zero byte"},
      {Match::kDomain, "caf\xE9.example", "not UTF-8"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(testing::Message() << static_cast<int>(c.match) << " " << c.line);
    const std::string good = c.match == Match::kEmail ? "good@example.net" : "good.example.net";
    const List list = parse("# first\n" + good + "\r\n" + c.line + "\r\n" + good, c.match);
    EXPECT_EQ(list.size(), 1u);
    EXPECT_TRUE(list.contains(good));
    EXPECT_EQ(list.bad_count(), 1u);
    ASSERT_EQ(list.bad_lines().size(), 1u);
    EXPECT_EQ(list.bad_lines()[0].line, 3u);
    EXPECT_THAT(list.bad_lines()[0].message, HasSubstr(std::string(c.message)));
  }
}

TEST(ListParse, AcceptsTheLongestOfEverything) {
  const std::string label(63, 'a');
  const std::string bytes253 = label + "." + label + "." + label + "." + label.substr(2);
  ASSERT_EQ(bytes253.size(), 253u);
  EXPECT_EQ(parse(bytes253, Match::kDomain).size(), 1u);
  EXPECT_TRUE(parse(bytes253, Match::kDomain).contains("x." + bytes253));
  EXPECT_EQ(parse(std::string(1024, 'a'), Match::kExact).size(), 1u);
  EXPECT_EQ(parse("  " + std::string(1024, 'a') + "  \r\n", Match::kExact).size(), 1u);
  EXPECT_EQ(parse(std::string(1012, 'a') + "@example.com", Match::kEmail).size(), 1u);
}

TEST(ListParse, KeepsPersonalDataOutOfItsMessages) {
  for (const Match match : {Match::kExact, Match::kEmail, Match::kDomain}) {
    const List list =
        parse("Svensson anna\nsvensson\xE9\nsvensson@\n@svensson@x\nsvensson@ svensson\n", match);
    for (const BadLine& bad : list.bad_lines()) {
      EXPECT_THAT(bad.message, Not(HasSubstr("vensson")));
    }
  }
}

TEST(ListParse, KeepsTheFirstBadLinesAndCountsThemAll) {
  std::string contents = "anna@example.com\n";
  for (int i = 0; i < 100; ++i) contents += "nobody\n";
  contents += "bo@example.com\n";
  const List list = parse(contents, Match::kEmail);
  EXPECT_EQ(list.size(), 2u);
  EXPECT_EQ(list.bad_count(), 100u);
  ASSERT_EQ(list.bad_lines().size(), List::kBadLinesMax);
  EXPECT_EQ(list.bad_lines().front().line, 2u);
  EXPECT_EQ(list.bad_lines().back().line, 21u);
}

TEST(ListParse, TakesNoMemoryForWhatCameTwice) {
  std::string contents;
  for (int i = 0; i < 50'000; ++i) contents += "user" + std::to_string(i % 100) + "@example.com\n";
  contents += "nobody\n";
  const List list = parse(contents, Match::kEmail);
  EXPECT_EQ(list.size(), 100u);
  EXPECT_LT(list.bytes(), 4096u);
  EXPECT_EQ(list.bad_count(), 1u);
  EXPECT_EQ(lines_of(list.bad_lines()), std::vector<std::size_t>{50'001});
  for (int i = 0; i < 100; ++i) {
    EXPECT_TRUE(list.contains("user" + std::to_string(i) + "@example.com"));
  }
  EXPECT_FALSE(list.contains("user100@example.com"));
}

TEST(ListParse, TakesNoMemoryForBadLines) {
  std::string contents = "anna@example.com\n";
  for (int i = 0; i < 50'000; ++i) contents += "nobody\n";
  const List list = parse(contents, Match::kEmail);
  EXPECT_EQ(list.size(), 1u);
  EXPECT_EQ(list.bad_count(), 50'000u);
  EXPECT_EQ(list.bad_lines().size(), List::kBadLinesMax);
  EXPECT_LT(list.bytes(), 4096u);
}

/// Cut anywhere, the lines before the cut are in and those behind it are not.
TEST(ListParse, HoldsWhatStoodBeforeTheCutWhereverAFileIsCut) {
  const std::string contents =
      "\xEF\xBB\xBF# list\r\nanna@example.com\r\n\r\nbo@b\xC3\xBC"
      "cher.example\nbad\n"
      "@example.org\n caf\xC3\xA9@example.com \n";
  for (const Match match : {Match::kExact, Match::kEmail, Match::kDomain}) {
    for (std::size_t size = 0; size <= contents.size(); ++size) {
      const std::string_view part = std::string_view(contents).substr(0, size);
      const List list = parse(part, match);
      if (match != Match::kEmail) continue;
      EXPECT_EQ(asked(list, "anna@example.com"),
                part.find("anna@example.com") != std::string_view::npos)
          << size;
      EXPECT_EQ(asked(list, "caf\xC3\xA9@example.com"),
                part.find("caf\xC3\xA9@example.com") != std::string_view::npos)
          << size;
    }
  }
}

TEST(ListParse, SurvivesEveryByteAtEveryPlace) {
  const std::string contents = "a@b.example\n@c.example\n# d\n*.e\xC3\xA9.example\r\n";
  for (const Match match : {Match::kExact, Match::kEmail, Match::kDomain}) {
    for (std::size_t at = 0; at < contents.size(); ++at) {
      for (int byte = 0; byte < 256; ++byte) {
        std::string changed = contents;
        changed[at] = static_cast<char>(byte);
        const List list = parse(changed, match);
        EXPECT_LE(list.size() + list.bad_count(), 5u);
        EXPECT_TRUE(list.complete());
      }
    }
  }
}

TEST(ListParse, SurvivesRandomBytes) {
  std::mt19937_64 random(3);
  constexpr std::string_view kAlphabet = "ab.@*-_ #\n\r\t\0\xC3\xA9\xE3\x80\x82\xEF\xBD\xA1\xFF";
  for (int round = 0; round < 3000; ++round) {
    std::string contents(random() % 200, '\0');
    for (char& c : contents) {
      c = random() % 8 == 0 ? static_cast<char>(random()) : kAlphabet[random() % kAlphabet.size()];
    }
    for (const Match match : {Match::kExact, Match::kEmail, Match::kDomain}) {
      const List list = parse(contents, match);
      EXPECT_LE(list.bad_lines().size(), List::kBadLinesMax);
      list.contains(contents);
    }
  }
}

TEST(ListContains, TakesAnyValue) {
  const List domains = parse("example.com\n", Match::kDomain);
  const List emails = parse("anna@example.com\n", Match::kEmail);
  const List exact = parse("anna\n", Match::kExact);
  const std::string dots(300'000, '.');
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += "a.";
  for (const std::string_view value :
       {std::string_view(dots), std::string_view(deep), std::string_view("\0", 1),
        std::string_view(".example.co"), std::string_view(".com"), std::string_view("m")}) {
    EXPECT_FALSE(domains.contains(value));
    EXPECT_FALSE(emails.contains(value));
    EXPECT_FALSE(exact.contains(value));
  }
  EXPECT_TRUE(domains.contains(deep + "example.com"));
  EXPECT_TRUE(domains.contains(dots + "example.com"));
}

TEST(ListContains, ReadsNoByteBesideTheValue) {
  const List domains = parse("com\nexample.com\nlonger.example.org\n", Match::kDomain);
  const std::string value = "a.longer.example.com";
  for (std::size_t from = 0; from <= value.size(); ++from) {
    const std::size_t size = value.size() - from;
    const std::unique_ptr<char[]> exact(new char[size]);
    std::memcpy(exact.get(), value.data() + from, size);
    const std::string_view suffix{exact.get(), size};
    EXPECT_EQ(domains.contains(suffix), suffix == "com" || suffix.ends_with(".com")) << suffix;
  }
}

TEST(ListOf, TakesTheValuesOfAConfiguration) {
  const List list = List::of({" Example.com ", "", "#not.a.remark", "*.example.org", "  "},
                             Match::kDomain, kListSeed);
  EXPECT_EQ(list.size(), 2u);
  EXPECT_TRUE(asked(list, "mail.example.com"));
  EXPECT_TRUE(asked(list, "example.org"));
  EXPECT_EQ(list.bad_count(), 3u);
  EXPECT_EQ(lines_of(list.bad_lines()), (std::vector<std::size_t>{2, 3, 5}));
  EXPECT_THAT(list.bad_lines()[0].message, HasSubstr("empty value"));
}

TEST(ListOf, TakesExactValuesAsTheyAre) {
  const List list = List::of({"#1", "Two words", "\xEF\xBB\xBFx"}, Match::kExact, kListSeed);
  EXPECT_EQ(list.size(), 3u);
  EXPECT_TRUE(list.contains("#1"));
  EXPECT_TRUE(list.contains("Two words"));
  EXPECT_FALSE(list.contains("two words"));
}

TEST(ListOf, ReportsAnEmptyValueThatStandsAlone) {
  const List list = List::of({""}, Match::kExact, kListSeed);
  EXPECT_EQ(list.size(), 0u);
  EXPECT_EQ(list.bad_count(), 1u);
  EXPECT_EQ(List::of({}, Match::kExact, kListSeed).bad_count(), 0u);
}

TEST(List, AnswersAlikeUnderEverySeed) {
  std::string contents;
  for (int i = 0; i < 2000; ++i) contents += "host" + std::to_string(i) + ".example.com\n";
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const List list = List::parse(contents, Match::kDomain, seed);
    EXPECT_EQ(list.size(), 2000u);
    EXPECT_TRUE(list.contains("a.host1999.example.com"));
    EXPECT_FALSE(list.contains("a.host2000.example.com"));
    EXPECT_FALSE(list.contains("example.com"));
  }
}

}  // namespace
}  // namespace core::lists
