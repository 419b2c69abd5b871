#include "core/approvals/graph.h"

#include <gtest/gtest.h>

namespace core::approvals {
namespace {

const GraphTerms kTerms = {"woodgrove.onmicrosoft.com", "https://portal.woodgrove.example", true};

/// protocol.md c.2, case 1: the printed example.
TEST(AccountOf, MakesAGuestOfAFederatedIdentity) {
  std::string why;
  const auto account = account_of(
      R"({"request":{"email":"ines.marques@posteo.net","displayName":"ines","lastName":"Marques","ui_locales":"pt-PT",
          "identities":[{"signInType":"federated","issuer":"google.com","issuerAssignedId":"1090733"}],
          "extension_9c2f41d07be84a6c8f35d1e2a07b64c3_partnerNumber":"PT-118","jobTitle":null},
          "set":{"displayName":"Ines Marques","city":"Porto"}})",
      kTerms, why);
  ASSERT_TRUE(account) << why;
  EXPECT_EQ(account->is, AccountCase::kFederated);
  EXPECT_EQ(account->body,
            R"({"userPrincipalName":"ines.marques_posteo.net#EXT@woodgrove.onmicrosoft.com","accountEnabled":true,)"
            R"("mail":"ines.marques@posteo.net","userType":"Guest",)"
            R"("identities":[{"signInType":"federated","issuer":"google.com","issuerAssignedId":"1090733"}],)"
            R"("city":"Porto","displayName":"Ines Marques",)"
            R"("extension_9c2f41d07be84a6c8f35d1e2a07b64c3_partnerNumber":"PT-118","surname":"Marques"})");
}

/// Case 2: no identities.
TEST(AccountOf, InvitesWhoeverHasAnAccountAlready) {
  std::string why;
  const auto account = account_of(R"({"request":{"email":"li.wei@fabrikam.example","city":"Lund"},"set":{}})", kTerms, why);
  ASSERT_TRUE(account) << why;
  EXPECT_EQ(account->is, AccountCase::kInvited);
  EXPECT_EQ(account->body, R"({"invitedUserEmailAddress":"li.wei@fabrikam.example",)"
                           R"("inviteRedirectUrl":"https://portal.woodgrove.example","sendInvitationMessage":true})");
  EXPECT_EQ(account->attributes, R"({"city":"Lund"})");
  const auto bare = account_of(R"({"request":{"email":"a@b.example","identities":[]},"set":{}})", kTerms, why);
  ASSERT_TRUE(bare);
  EXPECT_EQ(bare->attributes, "");
}

TEST(AccountOf, KnowsIssuersWithAndWithoutCom) {
  std::string why;
  for (const char* issuer : {"facebook", "facebook.com", "google", "mail"}) {
    const std::string kept = std::string(R"({"request":{"email":"a@b.example","identities":[{"issuer":")") + issuer +
                             R"("}]},"set":{}})";
    EXPECT_TRUE(account_of(kept, kTerms, why)) << issuer;
  }
  for (const char* kept : {R"({"request":{"email":"a@b.example","identities":[{"issuer":"evil.com"}]},"set":{}})",
                           R"({"request":{"email":"a@b.example","identities":[5]},"set":{}})",
                           R"({"request":{"email":"nobody"},"set":{}})", R"({"request":{},"set":{}})", R"({"set":{}})", "x"}) {
    why.clear();
    EXPECT_FALSE(account_of(kept, kTerms, why)) << kept;
    EXPECT_NE(why, "");
  }
}

TEST(OutcomeOf, TellsWhatIsWorthAnotherTry) {
  using enum AccountCase;
  EXPECT_EQ(outcome_of(kFederated, 201, ""), CallOutcome::kDone);
  EXPECT_EQ(outcome_of(kFederated, 400, R"({"error":{"details":[{"code":"ObjectConflict"}]}})"), CallOutcome::kDone);
  EXPECT_EQ(outcome_of(kInvited, 400, R"({"error":{"details":[{"code":"ObjectConflict"}]}})"), CallOutcome::kRefused);
  for (const int status : {0, 401, 408, 429, 500, 503}) EXPECT_EQ(outcome_of(kFederated, status, ""), CallOutcome::kRetry);
  for (const int status : {400, 403, 404}) EXPECT_EQ(outcome_of(kFederated, status, ""), CallOutcome::kRefused);
}

TEST(InvitedId, IsWhatCanStandInAPath) {
  EXPECT_EQ(invited_id(R"({"invitedUser":{"id":"0f-1"}})"), "0f-1");
  for (const char* body : {"", "{}", R"({"invitedUser":{"id":"../x"}})", R"({"invitedUser":{"id":""}})", R"({"invitedUser":5})"}) {
    EXPECT_EQ(invited_id(body), "") << body;
  }
  EXPECT_EQ(error_code(R"({"error":{"code":"Request_BadRequest","message":"ines"}})"), "Request_BadRequest");
  EXPECT_EQ(error_code(R"({"error":"invalid_client"})"), "invalid_client");
  EXPECT_EQ(error_code(R"({"error":{"code":"a b"}})"), "");
}

TEST(Backoff, DoublesUpToAnHour) {
  EXPECT_EQ(backoff_s(1), 5);
  EXPECT_EQ(backoff_s(2), 10);
  EXPECT_EQ(backoff_s(100), 3600);
}

}  // namespace
}  // namespace core::approvals
