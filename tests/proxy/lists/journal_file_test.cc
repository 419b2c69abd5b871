#include "proxy/lists/journal_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "core/lists/compiled.h"
#include "proxy/lists/files.h"
#include "tests/proxy/lists/scratch.h"

namespace proxy::lists {
namespace {

using core::lists::Match;
using core::lists::Step;
using Kind = Step::Kind;

std::string contents(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

TEST(JournalFile, HoldsAfterOpeningAgainWhatItHeld) {
  const Scratch directory;
  const std::string path = directory / "a.journal";
  {
    JournalFile journal;
    ASSERT_EQ(journal.open(path, Match::kEmail).failure, "");
    ASSERT_EQ(
        journal.append({{Kind::kAdd, 5, 0, "a@x.example"}, {Kind::kRemove, 6, 0, "b@x.example"}}),
        "");
    ASSERT_EQ(journal.append({{Kind::kAdd, 7, 99, "c@x.example"}}), "");
  }
  JournalFile journal;
  const JournalFile::Opened opened = journal.open(path, Match::kEmail);
  EXPECT_EQ(opened.failure + opened.remark, "");
  ASSERT_EQ(journal.changes().size(), 3u);
  EXPECT_EQ(journal.changes().find("a@x.example")->since_s, 5);
  EXPECT_EQ(journal.changes().find("b@x.example")->kind, Kind::kRemove);
  EXPECT_EQ(journal.changes().find("c@x.example")->expires_s, 99);
}

TEST(JournalFile, TornAtAnyByteOpensAndGoesOn) {
  const Scratch directory;
  const std::string path = directory / "a.journal";
  {
    JournalFile journal;
    ASSERT_EQ(journal.open(path, Match::kExact).failure, "");
    ASSERT_EQ(journal.append({{Kind::kAdd, 1, 0, "first"}, {Kind::kAdd, 2, 0, "second"}}), "");
  }
  const std::string whole = contents(path);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    SCOPED_TRACE(size);
    write(path, whole.substr(0, size));
    {
      JournalFile journal;
      ASSERT_EQ(journal.open(path, Match::kExact).failure, "");
      EXPECT_EQ(journal.changes().find("second"), nullptr);
      ASSERT_EQ(journal.append({{Kind::kAdd, 3, 0, "third"}}), "");
    }
    JournalFile journal;
    const JournalFile::Opened again = journal.open(path, Match::kExact);
    ASSERT_EQ(again.failure + again.remark, "") << "what was repaired is sound";
    EXPECT_NE(journal.changes().find("third"), nullptr);
  }
}

TEST(JournalFile, IsWrittenAnewOnceMostOfItIsSuperseded) {
  const Scratch directory;
  const std::string path = directory / "a.journal";
  JournalFile journal;
  ASSERT_EQ(journal.open(path, Match::kExact).failure, "");
  std::vector<Step> steps;
  for (int i = 0; i < 500; ++i) {
    steps.push_back({Kind::kAdd, i, 0, "value"});
    steps.push_back({Kind::kRemove, i, 0, "value"});
  }
  ASSERT_EQ(journal.append(steps), "");
  const std::size_t large = contents(path).size();
  ASSERT_EQ(journal.append({{Kind::kAdd, 7, 0, "a"},
                            {Kind::kAdd, 8, 0, "b"},
                            {Kind::kAdd, 9, 0, "c"},
                            {Kind::kForget, 9, 0, "c"},
                            {Kind::kForget, 9, 0, "d"},
                            {Kind::kForget, 9, 0, "d"},
                            {Kind::kForget, 9, 0, "d"}}),
            "");
  EXPECT_LT(contents(path).size(), large / 100);
  EXPECT_EQ(directory.files(), 1u) << "no temporary file is left";
  ASSERT_EQ(journal.append({{Kind::kAdd, 10, 0, "later"}}), "") << "the new file goes on";
  JournalFile again;
  ASSERT_EQ(again.open(path, Match::kExact).failure, "");
  EXPECT_EQ(again.changes().size(), 4u);
  EXPECT_NE(again.changes().find("later"), nullptr);
  EXPECT_EQ(again.changes().find("c"), nullptr);
}

TEST(JournalFile, LeavesOutWhatDoesNotFitAnotherMatch) {
  const Scratch directory;
  const std::string path = directory / "a.journal";
  {
    JournalFile journal;
    ASSERT_EQ(journal.open(path, Match::kExact).failure, "");
    ASSERT_EQ(journal.append({{Kind::kAdd, 1, 0, "A@X.example"}, {Kind::kAdd, 1, 0, "word"}}), "");
  }
  JournalFile journal;
  const JournalFile::Opened opened = journal.open(path, Match::kEmail);
  EXPECT_EQ(opened.failure, "");
  EXPECT_NE(opened.remark.find("1 changes left out"), std::string::npos);
  EXPECT_NE(journal.changes().find("a@x.example"), nullptr);
}

TEST(JournalFile, DamagedIsLeftAsItIs) {
  const Scratch directory;
  const std::string path = directory / "a.journal";
  write(path, "something else altogether, and long enough");
  JournalFile journal;
  EXPECT_NE(journal.open(path, Match::kExact).failure.find("damaged at byte 0"), std::string::npos);
  EXPECT_EQ(contents(path), "something else altogether, and long enough");
}

TEST(ReadListFile, MapsACompiledFileThatNobodyMayWriteAndCopiesTheRest) {
  const Scratch directory;
  const auto list = core::lists::List::parse("a@x.example\n", Match::kEmail, 1);
  const auto buckets = list.set().bucket_bytes();
  const std::string_view body(reinterpret_cast<const char*>(buckets.data()), buckets.size());
  const std::string head = core::lists::compiled_header(list, 1);
  struct Case {
    const char* name;
    mode_t mode;
    bool compiled, mapped;
  };
  constexpr Case kCases[] = {
      {"sealed", 0440, true, true}, {"open", 0640, true, false}, {"text", 0440, false, false}};
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.name);
    const std::string path = directory / c.name;
    ASSERT_EQ(c.compiled ? write_atomically(path, {head, body}, c.mode)
                         : write_atomically(path, {"a@x.example\n"}, c.mode),
              "");
    struct stat status {};
    ASSERT_EQ(::stat(path.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, c.mode);
    auto read = read_list_file(path);
    ASSERT_TRUE(read.ok());
    EXPECT_EQ(read.value().mapped, c.mapped);
    auto again =
        core::lists::read_list(read.value().contents, read.value().owner, Match::kEmail, 7);
    ASSERT_TRUE(again.ok()) << again.error().message;
    EXPECT_TRUE(again.value().contains("a@x.example"));
  }
  EXPECT_FALSE(read_list_file(directory / "none").ok());
  EXPECT_FALSE(read_list_file(directory / ".").ok());
}

}  // namespace
}  // namespace proxy::lists
