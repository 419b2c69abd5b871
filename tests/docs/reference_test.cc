#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

#include "core/config/schema.h"

namespace {

constexpr std::string_view kBegin = "<!-- begin: core/config/schema.cc -->\n";
constexpr std::string_view kEnd = "<!-- end -->";

/// The reference as it stands in the page: one heading level deeper than it is printed.
std::string reference() {
  std::string text;
  const std::string printed = core::config::schema::reference_markdown();
  bool at_line_start = true;
  for (std::size_t i = 0; i < printed.size(); ++i) {
    if (at_line_start && printed.compare(i, 3, "## ") == 0) text += '#';
    text += printed[i];
    at_line_start = printed[i] == '\n';
  }
  return text;
}

/// docs/configuration.md is written by hand but for the tables, which come from the loader's own:
/// a key that exists is documented, and a key that is documented exists. After a change of the
/// table, `CLAIMGATE_UPDATE_DOCS=1 build/dev/docs_test` writes them anew.
TEST(ConfigurationReference, IsTheOneTheLoaderPrints) {
  const std::string path = CLAIMGATE_SOURCE_DIR "/docs/configuration.md";
  std::ifstream in(path, std::ios::binary);
  ASSERT_TRUE(in) << path;
  std::string page{std::istreambuf_iterator<char>(in), {}};
  const std::size_t begin = page.find(kBegin);
  ASSERT_NE(begin, std::string::npos);
  const std::size_t from = begin + kBegin.size();
  const std::size_t to = page.find(kEnd, from);
  ASSERT_NE(to, std::string::npos);
  if (std::getenv("CLAIMGATE_UPDATE_DOCS") != nullptr) {
    page.replace(from, to - from, reference());
    std::ofstream(path, std::ios::binary | std::ios::trunc) << page;
    return;
  }
  EXPECT_EQ(page.substr(from, to - from), reference())
      << "run it with CLAIMGATE_UPDATE_DOCS=1 to write the tables anew";
}

}  // namespace
