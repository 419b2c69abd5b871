#include "core/dialects/identities.h"

#include <gtest/gtest.h>

#include <string>

namespace core::dialects {
namespace {

constexpr MemberSpelling kSpellings[] = {{"email", "emailAddress"}, {"google", "google.com"}};

std::string respelled(std::string_view json) {
  Arena arena(4096);
  // A buffer of exact size: the sanitizer sees a byte too far.
  const std::string exact(json);
  return std::string(respell(exact, "signInType", kSpellings, arena));
}

TEST(Respell, ReplacesTheValuesOfOneMemberAndNothingElse) {
  EXPECT_EQ(respelled(R"([{"signInType":"email","issuer":"email"}])"),
            R"([{"signInType":"emailAddress","issuer":"email"}])");
  EXPECT_EQ(respelled(R"([{ "signInType" : "email" },{"x":1,"signInType":"google"},{"signInType":"email"}])"),
            R"([{ "signInType" : "emailAddress" },{"x":1,"signInType":"google.com"},{"signInType":"emailAddress"}])");
}

TEST(Respell, LeavesAloneWhatOnlyLooksLikeIt) {
  for (const std::string_view json : {
           R"([])", R"([{"signInType":"emailAddress"}])", R"([{"signInType":null}])",
           R"([{"signInType":["email"]}])", R"([{"x":"signInType","y":"email"}])",
           R"([{"x":"\"signInType\":\"email\""}])", R"(["signInType"])", R"(["signInType","email"])",
           R"([{"XsignInType":"email"}])", R"([{"signInTypeX":"email"}])", R"("signInType")",
           R"([{"signInType":"em\u0061il"}])", R"([{"signInType":""}])"}) {
    EXPECT_EQ(respelled(json), json);
  }
}

TEST(Respell, GivesTheInputBackWhenThereIsNothingToDo) {
  Arena arena(0);
  const std::string_view json = R"([{"signInType":"federated"}])";
  EXPECT_EQ(respell(json, "signInType", kSpellings, arena).data(), json.data());
}

TEST(Respell, SaysWhenThereIsNoRoom) {
  Arena arena(16);
  EXPECT_EQ(respell(R"([{"signInType":"email"}])", "signInType", kSpellings, arena).data(), nullptr);
}

}  // namespace
}  // namespace core::dialects
