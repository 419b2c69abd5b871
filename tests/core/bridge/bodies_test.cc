#include "core/bridge/bodies.h"

#include <gtest/gtest.h>

namespace core::bridge {
namespace {

using dialects::Step;

constexpr std::string_view kSubmit =
    R"({"type":"microsoft.graph.authenticationEvent.attributeCollectionSubmit","source":"/tenants/t","data":{)"
    R"("@odata.type":"microsoft.graph.onAttributeCollectionSubmitCalloutData","tenantId":"30000000-0000-0000-0000-000000000003",)"
    R"("authenticationContext":{"correlationId":"20000000-0000-0000-0000-000000000002","client":{"ip":"203.0.113.7","locale":"en-us","market":"en-us"},)"
    R"("clientServicePrincipal":{"appId":"90000000-0000-0000-0000-000000000009"},"resourceServicePrincipal":null},)"
    R"("userSignUpInfo":{"attributes":{)"
    R"("givenName":{"@odata.type":"microsoft.graph.stringDirectoryAttributeValue","value":"Noor","attributeType":"builtIn"},)"
    R"("city":{"@odata.type":"microsoft.graph.stringDirectoryAttributeValue","attributeType":"builtIn"},)"
    R"("state":{"@odata.type":"microsoft.graph.stringDirectoryAttributeValue","value":"","attributeType":"builtIn"},)"
    R"("extension_9c2f41d07be84a6c8f35d1e2a07b64c3_seats":{"@odata.type":"microsoft.graph.int64DirectoryAttributeValue","value":12,"attributeType":"directorySchemaExtension"},)"
    R"("extension_9c2f41d07be84a6c8f35d1e2a07b64c3_offers":{"value":false},)"
    R"("extension_9c2f41d07be84a6c8f35d1e2a07b64c3_tags":{"value":["a","b"]}},)"
    R"("identities":[{"signInType":"email","issuer":"woodgrove.onmicrosoft.com","issuerAssignedId":"noor@harbour.example"}]}}})";

// protocol.md e.2, row by row.
TEST(FlowRequest, HasWhatAUserFlowWouldSend) {
  const auto body = flow_request(kSubmit);
  ASSERT_TRUE(body);
  EXPECT_EQ(body->json,
            R"({"step":"PostAttributeCollection","client_id":"90000000-0000-0000-0000-000000000009","ui_locales":"en-US",)"
            R"("email":"noor@harbour.example","identities":[{"signInType":"emailAddress","issuer":"woodgrove.onmicrosoft.com","issuerAssignedId":"noor@harbour.example"}],)"
            R"("givenName":"Noor","state":"","extension_9c2f41d07be84a6c8f35d1e2a07b64c3_seats":12,)"
            R"("extension_9c2f41d07be84a6c8f35d1e2a07b64c3_offers":false,"extension_9c2f41d07be84a6c8f35d1e2a07b64c3_tags":"a,b"})");
  EXPECT_EQ(body->fields,
            "X-Client-IP: 203.0.113.7\r\nX-Correlation-Id: 20000000-0000-0000-0000-000000000002\r\n"
            "X-Tenant-Id: 30000000-0000-0000-0000-000000000003\r\n");
}

TEST(FlowRequest, LeavesEmptyDefaultsOutBeforeTheForm) {
  std::string start(kSubmit);
  start.replace(start.find("attributeCollectionSubmit"), 25, "attributeCollectionStart");
  const auto body = flow_request(start);
  ASSERT_TRUE(body);
  EXPECT_TRUE(body->json.starts_with(R"({"step":"PostFederationSignup")"));
  EXPECT_EQ(body->json.find("state"), std::string::npos);
}

TEST(FlowRequest, TakesTheUserOfATokenEvent) {
  const auto body = flow_request(
      R"({"type":"microsoft.graph.authenticationEvent.tokenIssuanceStart","data":{"authenticationContext":{"user":{"id":"6","companyName":null,"displayName":"Noor","mail":"n@b.example","userType":"Member"}}}})");
  ASSERT_TRUE(body);
  EXPECT_EQ(body->json,
            R"({"step":"PreTokenIssuance","objectId":"6","email":"n@b.example","displayName":"Noor","userType":"Member"})");
  EXPECT_EQ(body->fields, "");
}

TEST(FlowRequest, KnowsNoCounterpartOfOtherEvents) {
  for (const std::string_view body :
       {R"({"type":"microsoft.graph.authenticationEvent.emailOtpSend","data":{}})", R"({"type":"x","data":{}})",
        R"({"data":{}})", R"({"type":"microsoft.graph.authenticationEvent.tokenIssuanceStart"})", "[]", "", "{"}) {
    EXPECT_FALSE(flow_request(body)) << body;
  }
}

TEST(FlowRequest, PutsNothingInAFieldThatCannotStandThere) {
  const auto body = flow_request(
      R"({"type":"microsoft.graph.authenticationEvent.tokenIssuanceStart","data":{"tenantId":"a\r\nX: y","authenticationContext":{"correlationId":"a b","client":{"ip":""}}}})");
  ASSERT_TRUE(body);
  EXPECT_EQ(body->fields, "");
}

TEST(EventRequest, HasWhatEntraWouldSend) {
  const auto body = event_request(
      R"({"step":"PostAttributeCollection","client_id":"90","ui_locales":"en-US, sv","email":"noor@harbour.example","givenName":"Noor","jobTitle":null,)"
      R"("identities":[{"signInType":"emailAddress","issuer":"w","issuerAssignedId":"noor@harbour.example"}],"extension_seats":12,"extension_offers":true,"nested":{}})",
      Step::kPostAttributeCollection);
  ASSERT_TRUE(body);
  EXPECT_EQ(
      body->json,
      R"({"type":"microsoft.graph.authenticationEvent.attributeCollectionSubmit","data":{"@odata.type":"microsoft.graph.onAttributeCollectionSubmitCalloutData",)"
      R"("authenticationContext":{"client":{"locale":"en-us","market":"en-us"},"clientServicePrincipal":{"appId":"90"}},"userSignUpInfo":{"attributes":{)"
      R"("email":{"@odata.type":"microsoft.graph.stringDirectoryAttributeValue","value":"noor@harbour.example","attributeType":"builtIn"},)"
      R"("givenName":{"@odata.type":"microsoft.graph.stringDirectoryAttributeValue","value":"Noor","attributeType":"builtIn"},)"
      R"("extension_seats":{"@odata.type":"microsoft.graph.int64DirectoryAttributeValue","value":12,"attributeType":"directorySchemaExtension"},)"
      R"("extension_offers":{"@odata.type":"microsoft.graph.booleanDirectoryAttributeValue","value":true,"attributeType":"directorySchemaExtension"}},)"
      R"("identities":[{"signInType":"email","issuer":"w","issuerAssignedId":"noor@harbour.example"}]}}})");
  EXPECT_TRUE(is_event(body->json));
}

TEST(EventRequest, HasAUserBeforeATokenAndNoAttributes) {
  const auto body = event_request(R"({"objectId":"6","email":"n@b.example","displayName":"Noor"})", Step::kPreTokenIssuance);
  ASSERT_TRUE(body);
  EXPECT_EQ(body->json,
            R"({"type":"microsoft.graph.authenticationEvent.tokenIssuanceStart","data":{"@odata.type":"microsoft.graph.onTokenIssuanceStartCalloutData",)"
            R"("authenticationContext":{"user":{"id":"6","mail":"n@b.example","displayName":"Noor"}}}})");
  EXPECT_FALSE(event_request("[]", Step::kPreTokenIssuance));
}

TEST(StepIn, KnowsTheNamesOfBothCallers) {
  EXPECT_EQ(step_in(R"({"step":"PreTokenApplicationClaims"})"), Step::kPreTokenIssuance);
  EXPECT_EQ(step_in(R"({"step":"attributeCollectionStart"})"), Step::kPostFederationSignup);
  EXPECT_EQ(step_in(R"({"step":"postattributecollection"})"), Step::kPostAttributeCollection);
  EXPECT_EQ(step_in(R"({"step":1})"), Step::kUnknown);
  EXPECT_EQ(step_in("{}"), Step::kUnknown);
}

}  // namespace
}  // namespace core::bridge
