#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/claims/claims.h"
#include "core/config/load.h"
#include "core/gate/compile.h"
#include "core/gate/gate.h"
#include "tests/core/config/memory_source.h"

namespace core::gate {

inline constexpr std::string_view kDate = "Sun, 06 Nov 1994 08:49:37 GMT";

/// A configuration in memory, compiled, with a gate in front of it.
class House {
 public:
  explicit House(const std::string& yaml, std::map<std::string, std::string> files = {},
                 const std::vector<std::string>& backends = {})
      : out(1 << 20) {
    source.files = std::move(files);
    source.files["claimgate.yaml"] = yaml;
    config::Config config = config::load("claimgate.yaml", source, diagnostics);
    for (const std::string& backend : backends) {
      config.backends.emplace_back();
      config.backends.back().name.value = backend;
      config.backends.back().connector_contract = true;
    }
    snapshot = compile(config, {2, 0x5eed}, source, diagnostics);
    if (snapshot != nullptr) gate = std::make_unique<Gate>(snapshot, 1, 256 << 10);
  }

  /// The answer's body to `body` at the first connector; the report is left in `report`.
  std::string ask(std::string_view body, const Known& known = {}) {
    out.clear();
    asked = std::string(body).append(claims::kReadPadding, '"');
    report = gate->answer_body(snapshot->connectors[0], std::string_view(asked).substr(0, body.size()),
                               http::After::kKeepOpen, kDate, out, nullptr, known);
    if (report.asks) {
      EXPECT_EQ(out.size(), 0u);
      return "asks";
    }
    const std::string_view response = out.view();
    const std::size_t end = response.find("\r\n\r\n");
    const std::string_view answer = response.substr(end + 4);
    const std::size_t length = response.find("Content-Length: ");
    EXPECT_EQ(std::to_string(answer.size()),
              response.substr(length + 16, response.find("\r\n", length) - length - 16));
    return std::string(answer);
  }

  config::MemorySource source;
  config::Diagnostics diagnostics;
  std::shared_ptr<const Snapshot> snapshot;
  std::unique_ptr<Gate> gate;
  std::string asked;  // with its padding: claims of the last question are in it
  http::OutBuffer out;
  Report report;
};

/// One connector with these rules (YAML, indented by six blanks), a few lists and messages.
inline std::string with_rules(const std::string& rules, const std::string& more = "") {
  return
      "listeners: [ { address: 127.0.0.1:0 } ]\n"
      "lists:\n"
      "  blocked: { values: [ blocked.example ], match: domain }\n"
      "  people: { values: [ eve@mallory.example ], match: email }\n"
      "  words: { values: [ alpha, beta ], match: exact }\n"
      "messages:\n"
      "  plain: { en: \"No.\", sv: \"Nej.\" }\n"
      "  named: { en: \"Not {givenName}, {email.domain}.\" }\n"
      "connectors:\n"
      "  signup:\n"
      "    path: /signup\n"
      "    dialect: b2c-userflow\n" +
      more + "    rules:\n" + rules;
}

}  // namespace core::gate
