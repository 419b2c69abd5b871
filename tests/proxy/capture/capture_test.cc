#include "proxy/capture/capture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <fstream>
#include <sstream>

#include "core/gate/gate.h"
#include "tests/core/gate/house.h"

namespace proxy::capture {
namespace {

using testing::HasSubstr;

std::string contents(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream all;
  all << file.rdbuf();
  return all.str();
}

/// A file of the test, gone before and after.
struct File {
  explicit File(const char* name) : path(testing::TempDir() + name) { remove(); }
  ~File() { remove(); }
  void remove() const {
    std::remove(path.c_str());
    std::remove((path + ".1").c_str());
  }
  const std::string path;
};

core::config::Capture settings_of(const File& file) {
  core::config::Capture settings;
  settings.file.value = file.path;
  settings.keep.push_back({"country", {}, false});
  return settings;
}

Record record_of(std::int32_t rule, std::uint32_t generation = 1) {
  return {1'795'683'600'250'000,
          generation,
          rule,
          0,
          static_cast<std::uint8_t>(core::dialects::Step::kPostAttributeCollection),
          static_cast<std::uint8_t>(core::gate::Outcome::kBlock)};
}

TEST(Capture, WritesALineARequestAndItsFileIsForItsOwnerOnly) {
  const File file("capture_test.jsonl");
  std::ofstream(file.path) << "";
  ::chmod(file.path.c_str(), 0644);
  core::gate::House house(
      core::gate::with_rules("      - { name: \"r \\\"1\\\"\", block: plain }\n"));
  {
    auto capture = Capture::open(settings_of(file), 2);
    ASSERT_TRUE(capture.ok());
    capture.value()->introduce(1, *house.snapshot);
    capture.value()->ring(0).push(record_of(0), R"({"country":"SE"})");
    capture.value()->ring(1).push(record_of(-1), R"({"country":"NO"})");
    capture.value()->ring(1).push(record_of(-2), "{}");
    capture.value()->ring(1).push(record_of(0, 7), "{}");    // of no known configuration
    capture.value()->ring(1).push(record_of(0), "{\"a\":");  // which no gate accepts
  }
  EXPECT_EQ(
      contents(file.path),
      R"({"time":"2026-11-26T09:00:00.250Z","connector":"signup","step":"PostAttributeCollection",)"
      R"("verdict":"block","rule":"r \"1\"","claims":{"country":"SE"},"redacted":{}})"
      "\n"
      R"({"time":"2026-11-26T09:00:00.250Z","connector":"signup","step":"PostAttributeCollection",)"
      R"("verdict":"block","claims":{"country":"NO"},"redacted":{}})"
      "\n"
      R"({"time":"2026-11-26T09:00:00.250Z","connector":"signup","step":"PostAttributeCollection",)"
      R"("verdict":"block","rule":"otherwise","claims":{},"redacted":{}})"
      "\n");
  struct stat status {};
  ASSERT_EQ(::stat(file.path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0600u);
}

/// Pushes requests until `done`, or for far too long.
template <typename Done>
void push_until(Capture& capture, Done done) {
  const std::string body = R"({"country":")" + std::string(1000, 'x') + "\"}";
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (!done() && std::chrono::steady_clock::now() < end) {
    capture.ring(0).push(record_of(0), body);
    capture.wake();
  }
  EXPECT_TRUE(done());
}

TEST(Capture, StopsAtItsSize) {
  const File file("capture_stop.jsonl");
  core::gate::House house(core::gate::with_rules("      - { name: r, block: plain }\n"));
  core::config::Capture settings = settings_of(file);
  settings.bytes = 64 << 10;
  for (int run = 0; run < 2; ++run) {  // the second finds it full
    auto capture = Capture::open(settings, 1);
    ASSERT_TRUE(capture.ok());
    EXPECT_FALSE(capture.value()->full());  // a line may still fit
    capture.value()->introduce(1, *house.snapshot);
    push_until(*capture.value(), [&] { return capture.value()->full(); });
    EXPECT_EQ(capture.value()->written() > 0, run == 0);
  }
  const std::string text = contents(file.path);
  EXPECT_LE(text.size(), 64u << 10);
  EXPECT_GT(text.size(), 60u << 10);
  EXPECT_TRUE(text.ends_with("}\n"));
}

TEST(Capture, RotatesAtItsSizeAndKeepsOneOlderFile) {
  const File file("capture_rotate.jsonl");
  core::gate::House house(core::gate::with_rules("      - { name: r, block: plain }\n"));
  core::config::Capture settings = settings_of(file);
  settings.bytes = 64 << 10;
  settings.when_full = core::config::Capture::WhenFull::kRotate;
  {
    auto capture = Capture::open(settings, 1);
    ASSERT_TRUE(capture.ok());
    capture.value()->introduce(1, *house.snapshot);
    push_until(*capture.value(), [&] { return capture.value()->written() >= 200; });
    EXPECT_FALSE(capture.value()->full());
    EXPECT_EQ(capture.value()->write_errors(), 0u);
  }
  for (const std::string& path : {file.path, file.path + ".1"}) {
    const std::string text = contents(path);
    EXPECT_LE(text.size(), 64u << 10);
    EXPECT_TRUE(text.ends_with("}\n"));
    struct stat status {};
    ASSERT_EQ(::stat(path.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777, 0600u);
  }
}

TEST(Capture, OpensItsFileAgainAfterItWasMovedAway) {
  const File file("capture_reopen.jsonl");
  core::gate::House house(core::gate::with_rules("      - { name: r, block: plain }\n"));
  {
    auto capture = Capture::open(settings_of(file), 1);
    ASSERT_TRUE(capture.ok());
    capture.value()->introduce(1, *house.snapshot);
    std::rename(file.path.c_str(), (file.path + ".1").c_str());
    capture.value()->reopen();
    capture.value()->ring(0).push(record_of(0), "{}");
  }
  EXPECT_EQ(contents(file.path + ".1"), "");
  EXPECT_THAT(contents(file.path), HasSubstr("\"rule\":\"r\""));
}

TEST(Capture, IsNotOpenedOverALinkADirectoryOrADevice) {
  const File file("capture_link.jsonl");
  ASSERT_EQ(::symlink("/dev/null", file.path.c_str()), 0);
  EXPECT_FALSE(Capture::open(settings_of(file), 1).ok());
  core::config::Capture settings = settings_of(file);
  settings.file.value = testing::TempDir();
  EXPECT_FALSE(Capture::open(settings, 1).ok());
  settings.file.value = "/nonexistent/capture.jsonl";
  const auto absent = Capture::open(settings, 1);
  ASSERT_FALSE(absent.ok());
  EXPECT_THAT(absent.error().why, HasSubstr("No such file"));
}

TEST(Capture, WantsTheConnectorsItNames) {
  const File file("capture_wants.jsonl");
  core::config::Capture settings = settings_of(file);
  EXPECT_TRUE(Capture::open(settings, 1).value()->wants("a"));
  settings.connectors.push_back({"a", {}, false});
  const auto capture = Capture::open(settings, 1);
  EXPECT_TRUE(capture.value()->wants("a"));
  EXPECT_FALSE(capture.value()->wants("b"));
}

}  // namespace
}  // namespace proxy::capture
