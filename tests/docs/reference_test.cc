#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

#include "core/config/schema.h"
#include "core/rules/filters.h"

namespace {

constexpr std::string_view kBegin = "<!-- begin: core/config/schema.cc -->\n";
constexpr std::string_view kFiltersBegin = "<!-- begin: core/rules/filters.cc -->\n";
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

/// A page is written by hand but for the tables, which come from the loader's own:
/// a key that exists is documented, and a key that is documented exists. After a change of the
/// table, `CLAIMGATE_UPDATE_DOCS=1 build/dev/docs_test` writes them anew.
void expect_generated(const std::string& path, std::string_view begins, const std::string& text) {
  std::ifstream in(path, std::ios::binary);
  ASSERT_TRUE(in) << path;
  std::string page{std::istreambuf_iterator<char>(in), {}};
  const std::size_t begin = page.find(begins);
  ASSERT_NE(begin, std::string::npos);
  const std::size_t from = begin + begins.size();
  const std::size_t to = page.find(kEnd, from);
  ASSERT_NE(to, std::string::npos);
  if (std::getenv("CLAIMGATE_UPDATE_DOCS") != nullptr) {
    page.replace(from, to - from, text);
    std::ofstream(path, std::ios::binary | std::ios::trunc) << page;
    return;
  }
  EXPECT_EQ(page.substr(from, to - from), text)
      << "run it with CLAIMGATE_UPDATE_DOCS=1 to write the tables anew";
}

TEST(ConfigurationReference, IsTheOneTheLoaderPrints) {
  expect_generated(CLAIMGATE_SOURCE_DIR "/docs/configuration.md", kBegin, reference());
}

TEST(RulesGuide, HasTheFiltersThatThereAre) {
  expect_generated(CLAIMGATE_SOURCE_DIR "/docs/rules.md", kFiltersBegin,
                   core::rules::filters_markdown());
}

}  // namespace
