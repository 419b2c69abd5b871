#include "core/audit/chain.h"

#include <gtest/gtest.h>

#include <vector>

namespace core::audit {
namespace {

std::vector<std::string> sealed(std::string_view key) {
  Chain chain(key);
  std::vector<std::string> lines;
  for (const char* const content : {R"({"n":1)", R"({"n":2)", R"({"n":3)"}) {
    std::string line = content;
    chain.seal(line);
    EXPECT_TRUE(line.ends_with("\"}\n"));
    line.pop_back();
    lines.push_back(line);
  }
  return lines;
}

bool holds(const std::vector<std::string>& lines, std::string_view key) {
  Chain chain(key);
  for (const std::string& line : lines) {
    if (!chain.follows(line)) return false;
  }
  return true;
}

TEST(AuditChain, HoldsWithItsKeyAlone) {
  EXPECT_TRUE(holds(sealed("key"), "key"));
  EXPECT_TRUE(holds(sealed(""), ""));
  EXPECT_FALSE(holds(sealed("key"), "other"));
  EXPECT_FALSE(holds(sealed("key"), ""));
}

TEST(AuditChain, BreaksWhenALineIsChangedLeftOutOrPutIn) {
  const std::vector<std::string> lines = sealed("key");
  for (std::size_t line = 0; line < lines.size(); ++line) {
    for (std::size_t at = 0; at < lines[line].size(); ++at) {
      std::vector<std::string> changed = lines;
      changed[line][at] = changed[line][at] == '0' ? '1' : '0';
      EXPECT_FALSE(holds(changed, "key")) << line << ':' << at;
    }
  }
  EXPECT_FALSE(holds({lines[0], lines[2]}, "key"));
  EXPECT_FALSE(holds({lines[1], lines[2]}, "key"));
  EXPECT_FALSE(holds({lines[0], lines[1], lines[1], lines[2]}, "key"));
  EXPECT_FALSE(holds({lines[1], lines[0], lines[2]}, "key"));
  EXPECT_TRUE(holds({lines[0], lines[1]}, "key")) << "its end is what a head kept elsewhere shows";
}

TEST(AuditChain, GoesOnFromAHead) {
  const std::vector<std::string> lines = sealed("key");
  Chain chain("key");
  chain.set_head(std::string(chain_of(lines[1]).value()));
  EXPECT_TRUE(chain.follows(lines[2]));
  EXPECT_FALSE(chain_of("{}"));
  EXPECT_FALSE(chain_of(""));
}

}  // namespace
}  // namespace core::audit
