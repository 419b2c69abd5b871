#include "core/claims/event.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/core/claims/body.h"

namespace {

using namespace core::claims;
using claims_test::Body;
using claims_test::kPaddings;

constexpr std::string_view kExtension = "extension_9c2f41d07be84a6c8f35d1e2a07b64c3_";

/// protocol.md d.1 with d.5 and d.6, on one line as a machine writes it.
std::string event(const std::string& attributes, const std::string& name = "attributeCollectionSubmit",
                  const std::string& identities =
                      R"([{"signInType":"email","issuer":"woodgrove.onmicrosoft.com","issuerAssignedId":"noor@harbour.example"}])") {
  return R"({"type":"microsoft.graph.authenticationEvent.)" + name +
         R"(","source":"/tenants/30000000-0000-0000-0000-000000000003/applications/40000000-0000-0000-0000-000000000004",)"
         R"("data":{"@odata.type":"microsoft.graph.onAttributeCollectionSubmitCalloutData",)"
         R"("tenantId":"30000000-0000-0000-0000-000000000003","authenticationEventListenerId":"1","customAuthenticationExtensionId":"2",)"
         R"("authenticationContext":{"correlationId":"20000000-0000-0000-0000-000000000002",)"
         R"("client":{"ip":"203.0.113.7","locale":"en-us","market":"en-us"},"protocol":"OAUTH2.0",)"
         R"("clientServicePrincipal":{"id":"5","appId":"90000000-0000-0000-0000-000000000009","appDisplayName":"Shop","displayName":"Shop"},)"
         R"("resourceServicePrincipal":null},"userSignUpInfo":{"attributes":{)" +
         attributes + R"(},"identities":)" + identities + R"(},"otpContext":null}})";
}

std::string text_attribute(std::string_view name, std::string_view value) {
  return '"' + std::string(name) +
         R"(":{"@odata.type":"microsoft.graph.stringDirectoryAttributeValue","value":")" +
         std::string(value) + R"(","attributeType":")" +
         (name.starts_with("extension_") ? "directorySchemaExtension" : "builtIn") + R"("})";
}

std::string typed(std::string_view name, std::string_view type, std::string_view value) {
  return '"' + std::string(name) + R"(":{"@odata.type":"microsoft.graph.)" + std::string(type) +
         R"(DirectoryAttributeValue","value":)" + std::string(value) +
         R"(,"attributeType":"directorySchemaExtension"})";
}

struct EventWorker : claims_test::Worker {
  EventWorker()
      : Worker({"extension_seats", "extension_offers", "extension_tags", "extension_note", "clientIp",
                "correlationId", "tenantId", "market", "userPrincipalName", "mail"}),
        ids(EventNames::of(names)) {}
  ReadOutcome read_event(const Body& given) {
    arena.reset();
    return core::claims::read_event(given.view(), names, limits, ids, arena, claims, event);
  }
  ReadOutcome read_event(std::string_view text) {
    body = std::make_unique<Body>(text);
    return read_event(*body);
  }

  EventNames ids;
  Event event;
};

const std::string kWhole =
    event(text_attribute("givenName", "Noor") + ',' + text_attribute("surname", "") + ',' +
          text_attribute("displayName", "N. \\u0022H\\u0022") + ',' +
          text_attribute(std::string(kExtension) + "note", "x") + ',' +
          typed(std::string(kExtension) + "seats", "int64", "12") + ',' +
          typed(std::string(kExtension) + "offers", "boolean", "false") + ',' +
          typed(std::string(kExtension) + "tags", "stringCollection", R"(["a", "b\u002c","c"])") + ',' +
          R"("city":{"@odata.type":"microsoft.graph.stringDirectoryAttributeValue","attributeType":"builtIn"},)" +
          R"("stranger":{ "value": 1 })");

TEST(ReadEvent, FindsTheClaimsOfAUserFlow) {
  EventWorker worker;
  // The first event is read name by name, the next ones are compared with it.
  for (int turn = 0; turn < 3; ++turn) {
    ASSERT_EQ(worker.read_event(kWhole), (ReadOutcome{}));
    EXPECT_EQ(worker.event.kind, EventKind::kAttributeCollectionSubmit);
    EXPECT_EQ(worker[kStep].kind, Kind::kAbsent);
    EXPECT_EQ(worker[kGivenName].value, "Noor");
    EXPECT_EQ(worker[kSurname].kind, Kind::kString);
    EXPECT_EQ(worker[kSurname].value, "");
    EXPECT_EQ(worker[kDisplayName].value, "N. \"H\"");
    EXPECT_EQ(worker[kCity].kind, Kind::kNull);
    EXPECT_EQ(worker[kClientId].value, "90000000-0000-0000-0000-000000000009");
    EXPECT_EQ(worker[kUiLocales].value, "en-US");
    EXPECT_EQ(worker[kEmail].value, "noor@harbour.example");
    EXPECT_EQ(worker[kIdentities].value,
              R"([{"signInType":"emailAddress","issuer":"woodgrove.onmicrosoft.com","issuerAssignedId":"noor@harbour.example"}])");
    EXPECT_EQ(worker["extension_seats"].kind, Kind::kNumber);
    EXPECT_EQ(worker["extension_seats"].value, "12");
    EXPECT_EQ(worker["extension_seats"].name, std::string(kExtension) + "seats");
    EXPECT_EQ(worker["extension_offers"].kind, Kind::kBoolean);
    EXPECT_EQ(worker["extension_tags"].kind, Kind::kString);
    EXPECT_EQ(worker["extension_tags"].value, "a,b,,c");
    EXPECT_EQ(worker["clientIp"].value, "203.0.113.7");
    EXPECT_EQ(worker["correlationId"].value, "20000000-0000-0000-0000-000000000002");
    EXPECT_EQ(worker["tenantId"].value, worker.event.tenant_id);
    EXPECT_EQ(worker["market"].value, "en-us");
    ASSERT_EQ(worker.event.attribute_count, 9u);
    EXPECT_EQ(worker.event.attributes[0].type, AttributeType::kString);
    EXPECT_EQ(worker.event.attributes[4].type, AttributeType::kInteger);
    EXPECT_EQ(worker.event.attributes[5].type, AttributeType::kBoolean);
    EXPECT_TRUE(worker.event.attributes[6].list);
    EXPECT_EQ(worker.event.attributes[7].type, AttributeType::kString);
    EXPECT_EQ(worker.event.attributes[8].name, "stranger");
    EXPECT_EQ(worker.event.attributes[8].id, kNoName);
  }
}

TEST(ReadEvent, ReadsAnyOrderAndWhiteSpaceAlike) {
  EventWorker worker;
  std::string spaced;
  bool inside = false;
  for (std::size_t i = 0; i < kWhole.size(); ++i) {
    const char c = kWhole[i];
    if (c == '"' && kWhole[i - 1] != '\\') inside = !inside;
    spaced += c;
    if (!inside && (c == ',' || c == ':' || c == '{' || c == '[')) spaced += " \n\t";
  }
  ASSERT_EQ(worker.read_event(spaced), (ReadOutcome{}));
  EXPECT_EQ(worker[kGivenName].value, "Noor");
  EXPECT_EQ(worker[kEmail].value, "noor@harbour.example");
  EXPECT_EQ(worker.event.attribute_count, 9u);
  ASSERT_EQ(worker.read_event(
                R"({"data":{"userSignUpInfo":{"identities":[],"attributes":{"city":{"attributeType":"builtIn","value":"Porto","@odata.Type":"microsoft.graph.StringDirectoryAttributeValue"}}},)"
                R"("authenticationContext":null,"tenantId":null},"source":null,"type":"microsoft.graph.authenticationEvent.AttributeCollectionStart"})"),
            (ReadOutcome{}));
  EXPECT_EQ(worker.event.kind, EventKind::kAttributeCollectionStart);
  EXPECT_EQ(worker[kCity].value, "Porto");
  EXPECT_EQ(worker.event.attributes[0].type, AttributeType::kString);
  EXPECT_EQ(worker[kEmail].kind, Kind::kAbsent);
  EXPECT_EQ(worker.event.tenant_id.data(), nullptr) << "nothing of the last event";
}

// protocol.md e.2
TEST(ReadEvent, TakesEmailFromIdentityThenAttributeThenUser) {
  EventWorker worker;
  const std::string attribute = text_attribute("email", "attribute@b.example");
  ASSERT_EQ(worker.read_event(event(attribute)), (ReadOutcome{}));
  EXPECT_EQ(worker[kEmail].value, "noor@harbour.example");
  ASSERT_EQ(worker.read_event(event(attribute, "attributeCollectionSubmit",
                                    R"([{"signInType":"federated","issuer":"google.com","issuerAssignedId":"1"}])")),
            (ReadOutcome{}));
  EXPECT_EQ(worker[kEmail].value, "attribute@b.example");
  for (const std::string_view type : {"emailAddress", "emailAddress1"}) {
    ASSERT_EQ(worker.read_event(event(attribute, "attributeCollectionSubmit",
                                      R"([{"issuerAssignedId":"i@b.example","signInType":")" +
                                          std::string(type) + R"("}])")),
              (ReadOutcome{}));
    EXPECT_EQ(worker[kEmail].value, "i@b.example");
  }
  for (int turn = 0; turn < 2; ++turn) {
    ASSERT_EQ(
        worker.read_event(
            R"({"type":"microsoft.graph.authenticationEvent.tokenIssuanceStart","data":{"authenticationContext":{"user":{"id":"60000000-0000-0000-0000-000000000006",)"
            R"("displayName":"Noor","companyName":null,"mail":"user@b.example","userPrincipalName":"n@w.example","userType":"Member"}}}})"),
        (ReadOutcome{}));
    EXPECT_EQ(worker.event.kind, EventKind::kTokenIssuanceStart);
    EXPECT_EQ(worker[kEmail].value, "user@b.example");
    EXPECT_EQ(worker[kObjectId].value, "60000000-0000-0000-0000-000000000006");
    EXPECT_EQ(worker[kDisplayName].value, "Noor");
    EXPECT_EQ(worker["userPrincipalName"].value, "n@w.example");
    EXPECT_EQ(worker.event.attribute_count, 0u);
  }
}

TEST(ReadEvent, TakesEmptyDefaultsBeforeTheFormForNothing) {
  EventWorker worker;
  ASSERT_EQ(worker.read_event(event(text_attribute("city", "") + ',' + text_attribute("state", "x"),
                                    "attributeCollectionStart")),
            (ReadOutcome{}));
  EXPECT_EQ(worker[kCity].kind, Kind::kNull);
  EXPECT_EQ(worker[kState].value, "x");
}

TEST(ReadEvent, LetsTheEnvelopeWinOverAttributesOfItsNames) {
  EventWorker worker;
  ASSERT_EQ(worker.read_event(event(text_attribute("identities", "x") + ',' + text_attribute("step", "x") +
                                    ',' + text_attribute("client_id", "x") + ',' +
                                    text_attribute("objectId", "x"))),
            (ReadOutcome{}));
  EXPECT_EQ(worker[kStep].kind, Kind::kAbsent);
  EXPECT_EQ(worker[kIdentities].kind, Kind::kArray);
  EXPECT_EQ(worker[kClientId].value, "90000000-0000-0000-0000-000000000009");
}

TEST(ReadEvent, RefusesWhatIsNoEvent) {
  EventWorker worker;
  const auto error = [&](std::string_view body) { return worker.read_event(body).error; };
  EXPECT_EQ(error(""), ReadError::kEmpty);
  EXPECT_EQ(error("[]"), ReadError::kNotAnObject);
  EXPECT_EQ(error("{}"), ReadError::kNotAnEvent);
  EXPECT_EQ(error(R"({"email":"a@b.example"})"), ReadError::kNotAnEvent);
  EXPECT_EQ(error(R"({"type":"microsoft.graph.authenticationEvent.tokenIssuanceStart"})"), ReadError::kNotAnEvent);
  EXPECT_EQ(error(R"({"type":"microsoft.graph.authenticationEvent.tokenIssuanceStart","data":null})"), ReadError::kNotAnEvent);
  EXPECT_EQ(error(R"({"type":"microsoft.graph.authenticationEvent.userCreateStart","data":{}})"), ReadError::kUnknownEvent);
  EXPECT_EQ(error(R"({"type":1,"data":{}})"), ReadError::kNotAnEvent);
  EXPECT_EQ(error(kWhole + "x"), ReadError::kSyntax);
  EXPECT_EQ(error(event(R"("city":{"value":01})")), ReadError::kSyntax);
  EXPECT_EQ(error(event(R"("city":{"value":"\x"})")), ReadError::kEscape);
  EXPECT_EQ(error(event("\"city\":{\"value\":\"\xff\"}")), ReadError::kUtf8);
}

TEST(ReadEvent, RefusesAMemberTwiceWhereItReads) {
  EventWorker worker;
  const auto error = [&](std::string_view body) { return worker.read_event(body).error; };
  for (int turn = 0; turn < 2; ++turn) {
    EXPECT_EQ(error(event(text_attribute("city", "a") + ',' + text_attribute("city", "b"))), ReadError::kDuplicate);
    EXPECT_EQ(error(event(R"("city":{},"c\u0069ty":{"value":"b"})")), ReadError::kDuplicate);
    EXPECT_EQ(error(event(R"("other":{},"other":{})")), ReadError::kDuplicate);
    EXPECT_EQ(error(event(text_attribute("extension_seats", "1") + ',' +
                          text_attribute(std::string(kExtension) + "seats", "2"))),
              ReadError::kDuplicate);
    EXPECT_EQ(error(event(R"("city":{"value":"a","value":"b"})")), ReadError::kDuplicate);
    EXPECT_EQ(error(R"({"type":"a","data":{},"type":"b"})"), ReadError::kDuplicate);
    EXPECT_EQ(error(R"({"type":"a","data":{"tenantId":"1","tenantId":"2"}})"), ReadError::kDuplicate);
  }
}

TEST(ReadEvent, KeepsItsLimits) {
  EventWorker worker;
  std::string many = R"("a0":{})";
  for (std::size_t i = 1; i < Event::kAttributesMax; ++i) many += ",\"a" + std::to_string(i) + "\":{}";
  EXPECT_EQ(worker.read_event(event(many)), (ReadOutcome{}));
  EXPECT_EQ(worker.read_event(event(many + ",\"b\":{}")).error, ReadError::kMembers);
  worker.limits.depth_max = 4;  // the attributes' values are one level too deep
  EXPECT_EQ(worker.read_event(kWhole).error, ReadError::kDepth);
  worker.limits.depth_max = 5;
  EXPECT_EQ(worker.read_event(event(text_attribute("city", "a"))), (ReadOutcome{}));
}

TEST(ReadEvent, RefusesAnEventCutAnywhere) {
  EventWorker worker;
  ASSERT_EQ(worker.read_event(kWhole), (ReadOutcome{}));
  for (std::size_t size = 0; size < kWhole.size(); ++size) {
    const std::string_view padding = kPaddings[size % std::size(kPaddings)];
    const Body body(std::string_view(kWhole).substr(0, size), padding);
    ASSERT_NE(worker.read_event(body).error, ReadError::kNone) << size;
  }
  for (const std::string_view padding : kPaddings) {
    ASSERT_EQ(worker.read_event(Body(kWhole, padding)), (ReadOutcome{}));
  }
}

TEST(ReadEvent, WritesLanguageTagsAsRfc5646Does) {
  EventWorker worker;
  const auto locale = [&](const std::string& tag) {
    EXPECT_EQ(worker.read_event(R"({"type":"microsoft.graph.authenticationEvent.tokenIssuanceStart","data":{"authenticationContext":{"client":{"locale":")" + tag + R"("}}}})"), (ReadOutcome{}));
    return std::string(worker[kUiLocales].value);
  };
  EXPECT_EQ(locale("en-us"), "en-US");
  EXPECT_EQ(locale("sv"), "sv");
  EXPECT_EQ(locale("zh-hant-tw"), "zh-Hant-TW");
  EXPECT_EQ(locale("es-419"), "es-419");
  EXPECT_EQ(locale(""), "");
}

}  // namespace
