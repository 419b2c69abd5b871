#include "core/rules/sampling.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <string>

namespace core::rules {
namespace {

/// The reference vectors of SipHash-2-4 with 64 bits and the key 00 .. 0f: 00 01 02 gives
/// 85676696d7fb7e2d, in the byte order of the paper's appendix (vectors_sip64, row 3). Ours always has a
/// zero byte in it, so the first row that can be compared is the one of a single zero byte.
TEST(ShareOf, IsSipHash24) {
  const double expected = std::ldexp(static_cast<double>(std::uint64_t{0x74f839c593dc67fd} >> 11), -53);
  EXPECT_EQ(share_of("", ""), expected);
}

TEST(ShareOf, SpreadsEvenlyAndFollowsTheSalt) {
  int in = 0, same = 0;
  constexpr int kValues = 20000;
  for (int i = 0; i < kValues; ++i) {
    const std::string value = "person" + std::to_string(i) + "@example.com";
    const bool a = share_of("rollout-1", value) < 0.25;
    in += a;
    same += a == (share_of("rollout-2", value) < 0.25);
  }
  EXPECT_NEAR(in / static_cast<double>(kValues), 0.25, 0.01);
  EXPECT_NEAR(same / static_cast<double>(kValues), 0.25 * 0.25 + 0.75 * 0.75, 0.01);
}

}  // namespace
}  // namespace core::rules
