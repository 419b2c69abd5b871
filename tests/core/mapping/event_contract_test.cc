#include "core/mapping/event_contract.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "core/mapping/connector_contract.h"
#include "tests/core/mapping/bench.h"

namespace core::mapping {
namespace {

using test::kJsonType;
using test::Mapped;
using test::told;

constexpr std::string_view kStart = "microsoft.graph.onAttributeCollectionStartResponseData";
constexpr std::string_view kSubmit = "microsoft.graph.onAttributeCollectionSubmitResponseData";
constexpr std::string_view kToken = "microsoft.graph.onTokenIssuanceStartResponseData";

/// The envelope of an answer with these actions (protocol.md d.1).
std::string answer(std::string_view data_type, std::string_view actions) {
  return R"({"data":{"@odata.type":")" + std::string(data_type) + R"(","actions":[)" +
         std::string(actions) + "]}}";
}

std::string action(std::string_view type, std::string_view members = {}) {
  return R"({"@odata.type":"microsoft.graph.)" + std::string(type) + "\"" +
         (members.empty() ? "" : "," + std::string(members)) + "}";
}

struct EventCase {
  std::string_view what;
  std::string body, said;
  std::string_view remarks = {};
};

std::string remarks_of(const Answer& answer) {
  std::string out;
  for (std::size_t i = 0; i < kRemarkCount; ++i) {
    if (!answer.remarks.has(static_cast<Remark>(i))) continue;
    out += (out.empty() ? "" : " ") + std::string(label(static_cast<Remark>(i)));
  }
  return out;
}

void expect(const std::vector<EventCase>& cases) {
  Mapped backend("speaks: ext-id");
  for (const EventCase& c : cases) {
    SCOPED_TRACE(c.what);
    const Answer read = backend.read(200, kJsonType, c.body);
    EXPECT_EQ(told(read), c.said);
    if (read.resolved()) {
      EXPECT_EQ(remarks_of(read), c.remarks);
    } else {
      EXPECT_TRUE(read.decision.claims.empty()) << "nothing of it is kept";
    }
  }
}

TEST(EventContract, UnderstandsEveryActionOfThreeEvents) {
  expect({
      {"d.5 as it is", answer(kStart, action("attributeCollectionStart.continueWithDefaultBehavior")),
       "continue"},
      {"d.5 prefilled",
       answer(kStart, action("attributeCollectionStart.setPrefillValues",
                             R"("inputs":{"city":"Porto","extension_seats":12,"extension_b":false})")),
       "continue city=Porto extension_seats=12:number extension_b=false:boolean"},
      {"d.5 block page",
       answer(kStart, action("attributeCollectionStart.showBlockPage", R"("title":"Closed","message":"Later.")")),
       "block text=Closed: Later."},
      {"d.6 as it is", answer(kSubmit, action("attributeCollectionSubmit.continueWithDefaultBehavior")),
       "continue"},
      {"d.6 modified",
       answer(kSubmit, action("attributeCollectionSubmit.modifyAttributeValues",
                              R"("attributes":{"givenName":"Zo\u00eb"})")),
       "continue givenName=Zoë"},
      {"d.6 validation error",
       answer(kSubmit, action("attributeCollectionSubmit.showValidationError",
                              R"("message":"Look.","attributeErrors":{"city":"Not there.","extension_n":"Too many."})")),
       "validation_error text=Look. city=Not there. extension_n=Too many."},
      {"d.6 block page", answer(kSubmit, action("attributeCollectionSubmit.showBlockPage", R"("message":"No.")")),
       "block text=No."},
      {"d.7 claims; e.3 gives names that are no attribute of a user flow a prefix",
       answer(kToken, action("tokenIssuanceStart.provideClaimsForToken",
                             R"("claims":{"customerTier":"gold","displayName":"Ines","extension_a":"b"})")),
       "continue extension_customerTier=gold displayName=Ines extension_a=b"},
      {"d.7 no claims", answer(kToken, action("tokenIssuanceStart.provideClaimsForToken", R"("claims":{})")),
       "continue"},
  });
}

TEST(EventContract, KeepsATokensArraysAndMakesTextsOfAttributes) {
  const auto token = [](std::string_view claims) {
    return answer(kToken, action("tokenIssuanceStart.provideClaimsForToken",
                                 "\"claims\":" + std::string(claims)));
  };
  expect({
      {"texts stay an array, without white space", token(R"({"roles":[ "buyer", "re\"viewer" ]})"),
       R"(continue extension_roles=["buyer","re\"viewer"])"},
      {"an empty one", token(R"({"roles":[]})"), "continue extension_roles=[]"},
      {"numbers are none (d.7)", token(R"({"roles":["a",1],"x":"y"})"), "continue extension_x=y",
       "nested_member"},
      {"nor arrays", token(R"({"roles":[["a"]]})"), "continue", "nested_member"},
      {"of an attribute, the older form (d.5)",
       answer(kSubmit, action("attributeCollectionSubmit.modifyAttributeValues",
                              R"("attributes":{"extension_tags":["a","b"]})")),
       "continue extension_tags=a,b"},
  });
  Mapped backend("speaks: ext-id");
  const Answer read = backend.read(200, kJsonType, token(R"({"roles":["a"],"tier":"gold"})"));
  ASSERT_EQ(read.decision.claims.size(), 2u);
  EXPECT_EQ(read.decision.claims[0].kind, claims::Kind::kArray);
  EXPECT_EQ(read.decision.claims[1].kind, claims::Kind::kString);
}

TEST(EventContract, RepairsWhatMeansOneThingWithoutDoubt) {
  expect({
      {"d.1 letter case of keys and types",
       R"({"data":{"@odata.Type":"x","actions":[{"@OData.Type":"Microsoft.Graph.AttributeCollectionSubmit.ShowBlockPage","message":"No."}]}})",
       "block text=No."},
      {"e.3 a block page without words has the identity service's",
       answer(kSubmit, action("attributeCollectionSubmit.showBlockPage")),
       "block text=" + std::string(kDefaultBlockText)},
      {"a title alone", answer(kSubmit, action("attributeCollectionSubmit.showBlockPage", R"("title":"Closed")")),
       "block text=Closed"},
      {"a validation error with nothing to say",
       answer(kSubmit, action("attributeCollectionSubmit.showValidationError")),
       "validation_error text=" + std::string(kTextOfOurs), "no_message"},
      {"one that speaks of attributes only",
       answer(kSubmit, action("attributeCollectionSubmit.showValidationError",
                              R"("attributeErrors":{"city":"Not there."})")),
       "validation_error city=Not there."},
      {"null and nested values are dropped",
       answer(kStart, action("attributeCollectionStart.setPrefillValues",
                             R"("inputs":{"city":null,"state":{"a":1},"country":"PT"})")),
       "continue country=PT", "null_member nested_member"},
      {"words a page may not show",
       answer(kSubmit, action("attributeCollectionSubmit.showBlockPage", R"("message":"a\u202eb\nc")")),
       "block text=ab c"},
  });
}

TEST(EventContract, LeavesUnresolvedWhatIsNoAnswer) {
  expect({
      {"no action (d.4, 1003010)", answer(kSubmit, ""), "unresolved contract"},
      {"two actions",
       answer(kSubmit, action("attributeCollectionSubmit.continueWithDefaultBehavior") + "," +
                           action("attributeCollectionSubmit.continueWithDefaultBehavior")),
       "unresolved contract"},
      {"an action of no event (1003012)", answer(kSubmit, action("attributeCollectionSubmit.proceed")),
       "unresolved contract"},
      {"an action without a type", answer(kSubmit, R"({"message":"No."})"), "unresolved contract"},
      {"an action that is no object", answer(kSubmit, "1"), "unresolved contract"},
      {"claims of null (1003007)",
       answer(kToken, action("tokenIssuanceStart.provideClaimsForToken", R"("claims":null)")),
       "unresolved contract"},
      {"claims that are missing", answer(kToken, action("tokenIssuanceStart.provideClaimsForToken")),
       "unresolved contract"},
      {"inputs that are a list",
       answer(kStart, action("attributeCollectionStart.setPrefillValues", R"("inputs":[])")),
       "unresolved contract"},
      {"actions that are no list", R"({"data":{"actions":{}}})", "unresolved contract"},
      {"no data", R"({"actions":[]})", "unresolved contract"},
      {"an answer of a user flow", R"({"version":"1.0.0","action":"Continue"})", "unresolved contract"},
      {"a list", "[]", "unresolved contract"},
      {"nothing (1003009)", "", "unresolved json"},
      {"half of it", R"({"data":{)", "unresolved json"},
  });
}

TEST(EventContract, TakesNoOtherStatusThan200) {
  Mapped backend("speaks: ext-id");
  const std::string body =
      answer(kSubmit, action("attributeCollectionSubmit.continueWithDefaultBehavior"));
  for (const int status : {201, 204, 302, 400, 401, 403, 409, 500, 503}) {
    EXPECT_EQ(told(backend.read(status, kJsonType, body)), "unresolved contract") << status;
  }
}

TEST(EventContract, RemarksAnotherContentType) {
  Mapped backend("speaks: ext-id");
  const std::string body =
      answer(kSubmit, action("attributeCollectionSubmit.continueWithDefaultBehavior"));
  EXPECT_EQ(remarks_of(backend.read(200, "Content-Type: text/html", body)), "content_type");
  EXPECT_EQ(remarks_of(backend.read(200, "Content-Type: application/json; charset=utf-8", body)), "");
}

TEST(EventContract, KeepsWhatIsCarriedAsItCame) {
  Mapped backend("speaks: ext-id");
  for (const std::string_view type :
       {"microsoft.graph.OnOtpSendResponseData", "microsoft.graph.onPasswordSubmitResponseData",
        "microsoft.graph.onVerifiedIdClaimValidationResponseData"}) {
    SCOPED_TRACE(type);
    // White space, an unknown member beside `actions` (d.9: nonce) and no action that is known.
    const std::string body = R"({ "data": {"@odata.type":")" + std::string(type) +
                             R"(", "nonce":"n", "actions":[ {"@odata.type":"x.y"} ]} })";
    const Answer read = backend.read(200, kJsonType, body);
    ASSERT_TRUE(read.resolved());
    ASSERT_EQ(read.decision.claims.size(), 1u);
    EXPECT_EQ(read.decision.claims[0].name, "");
    EXPECT_EQ(read.decision.claims[0].value, body);
  }
}

}  // namespace
}  // namespace core::mapping
