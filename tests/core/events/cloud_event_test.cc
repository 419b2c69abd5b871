#include "core/events/cloud_event.h"

#include <gtest/gtest.h>

#include <memory>
#include <cstring>

#include "core/events/render.h"

namespace core::events {
namespace {

CloudEvent sample() {
  CloudEvent event;
  event.name = "signup_blocked";
  event.id = "0193-1";
  event.source = "/claimgate/connectors/before-create";
  event.type = "com.example.signup.blocked";
  event.time = "2026-11-26T10:00:00.123Z";
  event.partition_key = "abcd";
  event.data = R"({"verdict":"block"})";
  return event;
}

TEST(CloudEvent, StructuredModeIsOneObjectWithoutAbsentAttributes) {
  std::string json;
  append_structured(json, sample());
  EXPECT_EQ(json,
            R"({"specversion":"1.0","id":"0193-1","source":"/claimgate/connectors/before-create",)"
            R"("type":"com.example.signup.blocked","time":"2026-11-26T10:00:00.123Z","partitionkey":"abcd",)"
            R"("datacontenttype":"application/json","data":{"verdict":"block"}})");
}

TEST(CloudEvent, BinaryModeEncodesWhatAFieldCannotHold) {
  CloudEvent event = sample();
  event.source = "/a b%\"ä";
  std::string source;
  for (const auto& [name, value] : binary_fields(event)) {
    if (name == "ce-source") source = value;
    EXPECT_NE(name, "ce-subject");
  }
  EXPECT_EQ(source, "/a%20b%25%22%C3%A4");
}

TEST(CloudEvent, WhatIsStoredIsReadBackAndACutOneIsNone) {
  std::string stored;
  append_stored(stored, sample());
  CloudEvent other = sample();
  other.data = "{}";
  append_stored(stored, other);
  std::string_view entry = stored;
  const auto first = read_stored(entry);
  const auto second = read_stored(entry);
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->data, sample().data);
  EXPECT_EQ(first->partition_key, "abcd");
  EXPECT_EQ(second->data, "{}");
  EXPECT_FALSE(read_stored(entry));
  std::string one;
  append_stored(one, sample());
  for (std::size_t cut = 0; cut < one.size(); ++cut) {
    const std::unique_ptr<char[]> exact(new char[cut + 1]);
    std::memcpy(exact.get(), one.data(), cut);
    std::string_view part(exact.get(), cut);
    EXPECT_FALSE(read_stored(part)) << cut;
    EXPECT_EQ(part.size(), cut) << "what cannot be read is left";
  }
}

TEST(CloudEvent, IdsAreVersionSevenUuidsAndDiffer) {
  const std::string id = event_id(1'764'151'200'123'456, 0x123456789abcdef0, 7);
  ASSERT_EQ(id.size(), 36U);
  EXPECT_EQ(id[14], '7');
  EXPECT_NE(std::string("89ab").find(id[19]), std::string::npos);
  EXPECT_NE(event_id(1'764'151'200'123'456, 0x123456789abcdef0, 8), id);
  EXPECT_LT(id, event_id(1'764'151'200'124'456, 0x123456789abcdef0, 7));
}

TEST(CloudEvent, TimesAreRfc3339) {
  std::string text;
  append_time(text, 1'764'151'200'123'456);
  EXPECT_EQ(text, "2025-11-26T10:00:00.123Z");
}

TEST(RenderEvent, OnlyWhatThePlanNamesIsInItByItsTreatment) {
  const Pseudonyms pseudonyms({"0123456789abcdef0123456789abcdef"});
  Plan plan;
  plan.name = "blocked";
  plan.type = "t";
  plan.members = {{"\"email\":", config::Treatment::kHash, 0},
                  {"\"country\":", config::Treatment::kPlain, 1},
                  {"\"phone\":", config::Treatment::kToken, 2},
                  {"\"tags\":", config::Treatment::kPlain, 3},
                  {"\"city\":", config::Treatment::kPlain, 4}};
  plan.key = {0};
  plan.subject = 0;
  using claims::Kind;
  const std::vector<TakenValue> values = {{Kind::kString, "ann@a.example"},
                                          {Kind::kString, "S\"E"},
                                          {Kind::kString, "+4670"},
                                          {Kind::kArray, "[ 1,\n \"a b\\\" c\" ]"},
                                          {Kind::kAbsent, {}}};
  CloudEvent event;
  render(plan, {"before-create", "PostAttributeCollection", "block", "\"a rule\""}, values, pseudonyms, event);
  EXPECT_EQ(event.source, "/claimgate/connectors/before-create");
  EXPECT_EQ(event.subject, pseudonyms.hash("ann@a.example"));
  EXPECT_EQ(event.partition_key, event.subject);
  EXPECT_EQ(event.data, R"({"connector":"before-create","step":"PostAttributeCollection","verdict":"block",)"
                        R"("rule":"a rule","claims":{"email":")" + pseudonyms.hash("ann@a.example") +
                            R"(","country":"S\"E","phone":")" + pseudonyms.token("+4670") +
                            R"(","tags":[1,"a b\" c"]}})");
  EXPECT_EQ(event.data.find("ann@"), std::string::npos);
}

TEST(RenderEvent, AKeyOfSeveralValuesDependsOnEach) {
  const Pseudonyms pseudonyms({"0123456789abcdef0123456789abcdef"});
  const auto hash = [&](std::string_view a, std::string_view b) {
    std::string text;
    append_hash_of(text, {{claims::Kind::kString, a}, {claims::Kind::kString, b}}, {0, 1}, pseudonyms);
    return text;
  };
  EXPECT_NE(hash("a", "b"), hash("ab", ""));
  EXPECT_EQ(hash("a", "b"), hash("a", "b"));
  std::string none;
  append_hash_of(none, {{}, {}}, {0, 1}, pseudonyms);
  EXPECT_EQ(none, "");
}

}  // namespace
}  // namespace core::events
