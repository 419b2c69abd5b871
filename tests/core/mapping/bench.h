#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/config/load.h"
#include "core/mapping/mapping.h"
#include "tests/core/config/memory_source.h"

namespace test {

using core::mapping::Answer;
using core::mapping::NotAsked;
using core::mapping::Question;
using core::mapping::Reply;
using core::mapping::Unresolved;

/// One backend's mapping, from YAML, with claims and replies to try it on.
class Mapped {
 public:
  /// `backend` is the inside of `backends: { b: ... }` behind its endpoints, in block style without
  /// indentation: "request: { json: { mail: \"{email}\" } }\nresponse: [ { continue: {} } ]\n".
  explicit Mapped(std::string_view backend, std::size_t lanes = 1) {
    std::string file = "backends:\n  b:\n    endpoints: [ https://b.internal ]\n";
    while (!backend.empty()) {
      const std::size_t end = std::min(backend.find('\n'), backend.size());
      file += "    " + std::string(backend.substr(0, end)) + "\n";
      backend.remove_prefix(std::min(end + 1, backend.size()));
    }
    file +=
        "messages: { not_open: Closed., later: Later. }\n"
        "listeners: [ { address: 127.0.0.1:8080 } ]\n"
        "connectors: { a: { path: /a, dialect: b2c-userflow, auth: anonymous } }\n";
    core::config::MemorySource source;
    source.files["claimgate.yaml"] = file;
    source.variables["WORD"] = "sesame";
    source.variables["BRACES"] = "({hunter2 | x}";
    const core::config::Config config = core::config::load("claimgate.yaml", source, diagnostics_);
    if (config.backends.size() == 1) {
      const std::map<std::string, std::uint32_t, std::less<>> messages = {{"not_open", 0}, {"later", 1}};
      mapping_.emplace(core::mapping::compile_mapping(config.backends[0], {names_, messages, lanes},
                                                      diagnostics_));
    }
  }

  std::string errors() const { return diagnostics_.render(); }
  bool good() const { return !diagnostics_.has_errors(); }
  const core::mapping::Mapping& mapping() const { return *mapping_; }

  /// Asks about the claims of a JSON body.
  NotAsked ask(std::string_view claims, std::size_t arena_bytes = 64 << 10) {
    EXPECT_TRUE(good()) << errors();
    evaluation_ = std::make_unique<core::rules::Evaluation>(names_.size(), 0, arena_bytes, 0);
    body_ = std::string(claims);
    padded_ = body_ + std::string(core::claims::kReadPadding, '\0');
    const auto outcome =
        core::claims::read(std::string_view(padded_).substr(0, body_.size()), names_, {},
                           evaluation_->arena(), evaluation_->claims());
    EXPECT_EQ(outcome.error, core::claims::ReadError::kNone) << claims;
    question_ = {};
    return mapping_->ask(*evaluation_, body_, question_, kept_);
  }
  const Question& question() const { return question_; }

  /// Reads an answer. `fields` are "Name: value" lines; the body lies in a heap block of its size.
  Answer read(int status, std::string_view fields, std::string_view body, std::size_t lane = 0) {
    EXPECT_TRUE(good()) << errors();
    std::vector<std::pair<std::string, std::string>> owned;
    while (!fields.empty()) {
      const std::size_t end = std::min(fields.find('\n'), fields.size());
      const std::string line(fields.substr(0, end));
      const std::size_t colon = line.find(": ");
      owned.emplace_back(line.substr(0, colon), line.substr(colon + 2));
      fields.remove_prefix(std::min(end + 1, fields.size()));
    }
    std::vector<core::http::Header> headers;
    for (const auto& [name, value] : owned) headers.push_back({name, value});
    const std::unique_ptr<char[]> exact(new char[body.size()]);
    if (!body.empty()) std::memcpy(exact.get(), body.data(), body.size());
    if (kept_.values.empty()) (void)ask(R"({"email":"a@b.example"})");
    return mapping_->read({status, headers, {exact.get(), body.size()}}, kept_, lane);
  }

 private:
  core::config::Diagnostics diagnostics_;
  core::claims::NameTable names_;
  std::optional<core::mapping::Mapping> mapping_;
  std::unique_ptr<core::rules::Evaluation> evaluation_;
  std::string body_, padded_;
  Question question_;
  core::mapping::Kept kept_;
};

/// An answer in one line: "continue a=1:number b=x", "block message", "unresolved json".
inline std::string told(const Answer& answer) {
  if (!answer.resolved()) return "unresolved " + std::string(label(answer.why));
  const auto& decision = answer.decision;
  std::string out;
  switch (decision.kind) {
    case core::rules::VerdictKind::kContinue: out = "continue"; break;
    case core::rules::VerdictKind::kBlock: out = "block"; break;
    case core::rules::VerdictKind::kValidationError: out = "validation_error"; break;
  }
  if (!decision.message.empty()) out += " message=" + decision.message;
  if (!decision.text.empty()) out += " text=" + decision.text;
  for (const auto& claim : decision.claims) {
    out += " " + claim.name + "=" + claim.value;
    if (claim.kind == core::claims::Kind::kNumber) out += ":number";
    if (claim.kind == core::claims::Kind::kBoolean) out += ":boolean";
  }
  return out;
}

inline constexpr std::string_view kJsonType = "Content-Type: application/json";
inline constexpr std::string_view kXmlType = "Content-Type: text/xml; charset=utf-8";

}  // namespace test
