#include "core/lists/journal.h"

#include <gtest/gtest.h>

#include <string>
#include <tuple>
#include <vector>

namespace core::lists {
namespace {

using Kind = Step::Kind;
using Told = std::tuple<Kind, std::int64_t, std::int64_t, std::string>;

const std::vector<Told>& steps() {
  static const std::vector<Told> kSteps = {
      {Kind::kAdd, 1'764'000'000, 0, "a@x.example"},
      {Kind::kAdd, 1'764'000'001, 1'764'000'900, "longer.name@x.example"},
      {Kind::kRemove, 1'764'000'002, 0, "b@x.example"},
      {Kind::kForget, 1'764'000'003, 0, "a@x.example"},
  };
  return kSteps;
}

/// The journal, and in `ends` where each of its records ends.
std::string journal(std::vector<std::size_t>* ends = nullptr) {
  std::string bytes(kJournalMagic);
  for (const auto& [kind, at, expires, value] : steps()) {
    append_step(bytes, {kind, at, expires, value});
    if (ends != nullptr) ends->push_back(bytes.size());
  }
  return bytes;
}

JournalRead read(const std::string& bytes, std::vector<Told>& told) {
  told.clear();
  const std::vector<char> exact(bytes.begin(), bytes.end());  // ASan sees one byte too far
  return read_journal({exact.data(), exact.size()}, [&](const Step& step) {
    told.emplace_back(step.kind, step.at_s, step.expires_s, step.value);
  });
}

std::vector<Told> first(std::size_t count) {
  return {steps().begin(), steps().begin() + static_cast<std::ptrdiff_t>(count)};
}

TEST(Journal, TellsWhatWasWritten) {
  std::vector<Told> told;
  const JournalRead whole = read(journal(), told);
  EXPECT_EQ(told, steps());
  EXPECT_EQ(whole.steps, 4u);
  EXPECT_EQ(whole.sound_bytes, journal().size());
  EXPECT_FALSE(whole.torn || whole.damaged);
  const JournalRead empty = read("", told);
  EXPECT_FALSE(empty.torn || empty.damaged);
  EXPECT_EQ(empty.sound_bytes, 0u);
}

TEST(Journal, TornAtAnyByteTellsEveryWholeRecord) {
  std::vector<std::size_t> ends;
  const std::string bytes = journal(&ends);
  for (std::size_t size = 1; size < bytes.size(); ++size) {
    SCOPED_TRACE(size);
    std::size_t whole = 0;
    while (ends[whole] <= size) ++whole;
    const std::size_t sound = whole > 0                      ? ends[whole - 1]
                              : size >= kJournalMagic.size() ? kJournalMagic.size()
                                                             : 0;
    std::vector<Told> told;
    // Cut off, and cut off with zeros where the rest should be.
    for (const std::string& tail : {std::string(), std::string(bytes.size() - size, '\0')}) {
      if (size < kJournalMagic.size() && !tail.empty()) continue;
      const JournalRead torn = read(bytes.substr(0, size) + tail, told);
      EXPECT_EQ(told, first(whole));
      EXPECT_EQ(torn.sound_bytes, sound);
      EXPECT_FALSE(torn.damaged);
      EXPECT_EQ(torn.torn, sound != size || !tail.empty());
    }
  }
}

TEST(Journal, ChangedInTheMiddleIsDamagedAndTellsNothingBehind) {
  std::vector<std::size_t> ends;
  const std::string bytes = journal(&ends);
  for (std::size_t at = 0; at < ends[2]; ++at) {
    SCOPED_TRACE(at);
    std::string damaged = bytes;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x21);
    std::size_t whole = 0;
    while (ends[whole] <= at) ++whole;
    std::vector<Told> told;
    const JournalRead result = read(damaged, told);
    EXPECT_TRUE(result.damaged);
    EXPECT_FALSE(result.torn);
    EXPECT_EQ(told, first(at < kJournalMagic.size() ? 0 : whole));
  }
}

}  // namespace
}  // namespace core::lists
