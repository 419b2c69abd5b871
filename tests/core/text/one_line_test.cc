#include "core/text/one_line.h"

#include <gtest/gtest.h>

namespace core::text {
namespace {

TEST(OneLine, CutsBetweenCharacters) {
  EXPECT_EQ(one_line("a\r\nb\x7f", 10), "a  b ");
  EXPECT_EQ(one_line("ab\xc3\xa9", 3), "ab");
  EXPECT_EQ(one_line("ab\xc3\xa9", 4), "ab\xc3\xa9");
}

}  // namespace
}  // namespace core::text
