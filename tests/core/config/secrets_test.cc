#include "core/config/secrets.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "core/config/load.h"
#include "core/secret.h"
#include "tests/core/config/memory_source.h"

namespace core::config {
namespace {

/// What is in the memory of a text that wipe() has emptied.
bool holds_only_zeros(const std::string& wiped) {
  return wiped.empty() && std::all_of(wiped.data(), wiped.data() + wiped.capacity(),
                                      [](char c) { return c == '\0'; });
}

TEST(Wipe, OverwritesTheTextAndTheRoomBehindIt) {
  for (const std::size_t size : {0u, 1u, 15u, 16u, 4000u}) {
    SCOPED_TRACE(size);
    std::string text(size, 's');
    text.resize(size / 2);  // the rest of it is still in the memory
    wipe(text);
    EXPECT_TRUE(holds_only_zeros(text));
  }
}

TEST(Secret, CopiesAndMovesAsAValue) {
  const Secret secret("sesame");
  Secret copy = secret;
  EXPECT_EQ(copy.view(), "sesame");
  EXPECT_NE(copy.view().data(), secret.view().data());
  const char* const place = copy.view().data();
  Secret moved = std::move(copy);
  EXPECT_EQ(moved.view().data(), place) << "moving leaves no second copy";
  moved = Secret("other");
  EXPECT_EQ(moved.view(), "other");
  EXPECT_TRUE(Secret().empty());
  EXPECT_TRUE(Secret("").empty());
}

TEST(WipeSecrets, LeavesNoCredentialInAConfiguration) {
  MemorySource source;
  source.files["claimgate.yaml"] = R"(
listeners: [ { address: 127.0.0.1:8080 } ]
admin: { address: 127.0.0.1:9090, token: "${env:TOKEN}" }
capture: { file: c.jsonl, secret: "${env:TOKEN}" }
backends:
  a: { endpoints: [ https://a ], auth: { basic: { username: u, password: "${env:WORD}" } }, response: [ { continue: {} } ] }
  b: { endpoints: [ https://b ], auth: { bearer: "${env:WORD}" }, response: [ { continue: {} } ] }
  c: { endpoints: [ https://c ], auth: { header: { name: X-Key, value: "${env:WORD}" } }, response: [ { continue: {} } ] }
connectors:
  a:
    path: /a
    dialect: b2c-userflow
    auth: { basic: [ { username: u, password: "${env:WORD}" } ], api_key: { header: X-Key, value: "${env:LONG}" } }
  b: { path: /b, dialect: b2c-userflow, auth: { bearer: "${env:LONG}" } }
)";
  source.variables["WORD"] = "sesame-open-please";
  source.variables["LONG"] = "sesame-that-is-long-enough-for-a-key";
  source.variables["TOKEN"] = "sesame-0123456789abcdef";
  Diagnostics diagnostics;
  Config config = load("claimgate.yaml", source, diagnostics);
  ASSERT_FALSE(diagnostics.has_errors()) << diagnostics.render();
  ASSERT_EQ(config.connectors.size(), 2u);
  ASSERT_EQ(config.backends.size(), 3u);
  wipe_secrets(config, false);
  EXPECT_TRUE(holds_only_zeros(config.connectors[0].basic[0].password.value));
  EXPECT_EQ(config.connectors[0].basic[0].username.value, "u");
  EXPECT_TRUE(holds_only_zeros(config.connectors[0].api_key->values[0].value));
  EXPECT_TRUE(holds_only_zeros(config.connectors[1].bearer[0].value));
  EXPECT_TRUE(holds_only_zeros(config.backends[0].auth.password.value));
  EXPECT_TRUE(holds_only_zeros(config.backends[1].auth.token.value));
  EXPECT_TRUE(holds_only_zeros(config.backends[2].auth.value.value));
  EXPECT_EQ(config.admin_token.value, "sesame-0123456789abcdef");  // a reload compares it
  wipe_secrets(config, true);
  EXPECT_TRUE(holds_only_zeros(config.admin_token.value));
  EXPECT_TRUE(holds_only_zeros(config.capture.secret.value));
}

TEST(Process, IsReadWithItsDefaults) {
  MemorySource source;
  source.files["claimgate.yaml"] =
      "listeners: [ { address: 127.0.0.1:8080 } ]\n"
      "connectors: { a: { path: /a, dialect: b2c-userflow, auth: anonymous } }\n";
  Diagnostics diagnostics;
  const Config plain = load("claimgate.yaml", source, diagnostics);
  EXPECT_EQ(plain.process.user.value, "");
  EXPECT_EQ(plain.process.seccomp, Process::Seccomp::kStandard);
  EXPECT_FALSE(plain.process.core_dumps);
  source.files["claimgate.yaml"] +=
      "process: { user: claimgate, seccomp: off, core_dumps: true }\n";
  const Config said = load("claimgate.yaml", source, diagnostics);
  EXPECT_EQ(diagnostics.render(), "");
  EXPECT_EQ(said.process.user.value, "claimgate");
  EXPECT_EQ(said.process.seccomp, Process::Seccomp::kOff);
  EXPECT_TRUE(said.process.core_dumps);
}

TEST(Process, RefusesAUserWithoutANameAndAnUnknownFilter) {
  MemorySource source;
  source.files["claimgate.yaml"] =
      "listeners: [ { address: 127.0.0.1:8080 } ]\n"
      "connectors: { a: { path: /a, dialect: b2c-userflow, auth: anonymous } }\n"
      "process: { user: \"\", seccomp: stict }\n";
  Diagnostics diagnostics;
  load("claimgate.yaml", source, diagnostics);
  const std::string said = diagnostics.render();
  EXPECT_NE(said.find("claimgate.yaml:3:18: error: expected the name of a user"), std::string::npos)
      << said;
  EXPECT_NE(said.find("claimgate.yaml:3:31: error: "), std::string::npos) << said;
  EXPECT_NE(said.find("did you mean \"strict\"?"), std::string::npos) << said;
}

}  // namespace
}  // namespace core::config
