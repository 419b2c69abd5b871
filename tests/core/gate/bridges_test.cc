#include "core/gate/bridges.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "core/config/load.h"
#include "tests/core/config/memory_source.h"

namespace core::gate {
namespace {

/// What is said of one connector that asks one backend.
std::string said_of(std::string_view dialect, std::string_view speaks, std::string_view rule,
                    std::string_view connector = {}, std::string_view backend = {}) {
  config::MemorySource source;
  source.files["c.yaml"] =
      "listeners: [ { address: 127.0.0.1:0 } ]\n"
      "messages: { later: Later. }\n"
      "backends:\n  legacy: { endpoints: [ \"https://legacy.internal\" ], speaks: " +
      std::string(speaks) + std::string(backend) +
      " }\n"
      "connectors:\n  c:\n    path: /c\n    auth: anonymous\n    dialect: " + std::string(dialect) + "\n" +
      std::string(connector) + "    rules:\n      - { name: r, " + std::string(rule) + "ask: legacy }\n";
  config::Diagnostics said;
  const config::Config config = config::load("c.yaml", source, said);
  EXPECT_EQ(said.render(), "");
  EXPECT_EQ(config.connectors.size(), 1u);
  if (config.connectors.empty()) return "nothing was read";
  warn_of_bridges(config.connectors[0], config.backends, said);
  EXPECT_FALSE(said.has_errors());
  return said.render();
}

constexpr std::string_view kQuick = ", timeout: 300ms, connect_timeout: 100ms";
constexpr std::string_view kFederation = "warning: this backend was called after federation only";

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

TEST(Bridges, SayThatEventsComeForLocalAccountsToo) {
  const auto said = [](std::string_view dialect, std::string_view speaks, std::string_view rule) {
    return said_of(dialect, speaks, rule, {}, kQuick);
  };
  EXPECT_TRUE(has(said("ext-id", "connector", ""), kFederation));
  EXPECT_TRUE(has(said("ext-id", "connector", ""), "write when: { identities.any.signInType: federated }"));
  EXPECT_TRUE(has(said("ext-id", "connector", "when: { city: Porto }, "), kFederation));
  // A rule that looks at who the person is, or at the step, has thought of it.
  EXPECT_EQ(said("ext-id", "connector", "when: { identities.any.signInType: federated }, "), "");
  EXPECT_EQ(said("ext-id", "connector", "when: { any: [ { city: A }, { not: { identities: { missing: true } } } ] }, "), "");
  EXPECT_EQ(said("ext-id", "connector", "when: { step: attributeCollectionSubmit }, "), "");
  // Nothing is bridged.
  EXPECT_EQ(said("ext-id", "ext-id", ""), "");
  EXPECT_EQ(said("b2c-userflow", "connector", ""), "");
}

TEST(Bridges, SayThatABackendMayBeSlowerThanTheCallerWaits) {
  constexpr std::string_view kSlower = "longer than the connector's deadline of 800ms";
  constexpr std::string_view kWhen = "when: { step: x }, ";
  constexpr std::string_view kSlow = ", timeout: 900ms, connect_timeout: 100ms";
  EXPECT_TRUE(has(said_of("ext-id", "connector", kWhen, {}, kSlow), kSlower));
  EXPECT_TRUE(has(said_of("ext-id", "connector", kWhen, {}, kSlow), "a try of this backend may last 900ms"));
  EXPECT_TRUE(has(said_of("ext-id", "ext-id", kWhen, {}, kSlow), kSlower));
  // What helps.
  EXPECT_EQ(said_of("ext-id", "connector", kWhen, {}, ", timeout: 800ms, connect_timeout: 100ms"), "");
  EXPECT_EQ(said_of("ext-id", "connector", "when: { step: x }, cache: { key: [ email ], ttl: { continue: 1m } }, ", {}, kSlow), "");
  EXPECT_EQ(said_of("ext-id", "connector", kWhen, "    otherwise: { block: later }\n", kSlow), "");
  EXPECT_EQ(said_of("ext-id", "connector", kWhen, "    deadline: 1s\n", kSlow), "");
  // A user flow waits for seconds, and its own deadline is watched elsewhere.
  EXPECT_EQ(said_of("b2c-userflow", "connector", kWhen, {}, kSlow), "");
}

TEST(Bridges, SayWhatAUserFlowDoesNotKnowOfAnEvent) {
  for (const std::string_view dialect : {"b2c-userflow", "b2b-signup"}) {
    const std::string said = said_of(dialect, "ext-id", "",
                                     dialect == "b2b-signup" ? "    step: PostAttributeCollection\n" : "", kQuick);
    EXPECT_TRUE(has(said, "warning: a user flow knows neither tenant nor correlation")) << dialect << said;
    EXPECT_TRUE(has(said, "tenantId, correlationId and client.ip")) << said;
  }
}

TEST(Bridges, PointAtTheBackendsNameWhereItIsAsked) {
  const std::string said = said_of("ext-id", "connector", "", {}, kQuick);
  EXPECT_TRUE(has(said, "c.yaml:11:25: ")) << said;
  EXPECT_TRUE(has(said, "^~~~~~")) << said;
}

}  // namespace
}  // namespace core::gate
