#include "tools/load/answer.h"

#include <simdjson.h>

#include <charconv>
#include <cstring>

namespace load {
namespace {

/// What `claims` names: every expected member, in any order, once or more.
bool is_expected_member(std::string_view name, std::string_view value, const ExpectedClaims& claims,
                        std::uint64_t& seen) {
  for (std::size_t i = 0; i < claims.size(); ++i) {
    if (claims[i].first != name) continue;
    if (claims[i].second != value) return false;
    seen |= std::uint64_t{1} << (i & 63);
  }
  return true;
}

bool is_status(std::string_view text, int status) {
  int number = 0;
  const auto [stop, ec] = std::from_chars(text.data(), text.data() + text.size(), number);
  return ec == std::errc{} && stop == text.data() + text.size() && number == status;
}

}  // namespace

struct AnswerCheck::Parser {
  simdjson::ondemand::parser json;
  std::string padded;  // the body with the slack simdjson reads into
};

AnswerCheck::AnswerCheck() : parser_(std::make_unique<Parser>()) {}
AnswerCheck::~AnswerCheck() = default;

AnswerFault AnswerCheck::check(int status, std::string_view body, const Expectation& expected) {
  if (status < expected.status_min || status > expected.status_max) return AnswerFault::kStatus;
  if (expected.action.empty() && expected.claims == nullptr) return AnswerFault::kNone;

  std::string& padded = parser_->padded;
  if (padded.size() < body.size() + simdjson::SIMDJSON_PADDING) {
    padded.resize(body.size() + simdjson::SIMDJSON_PADDING);
  }
  if (!body.empty()) std::memcpy(padded.data(), body.data(), body.size());
  std::memset(padded.data() + body.size(), 0, simdjson::SIMDJSON_PADDING);

  simdjson::ondemand::document document;
  simdjson::ondemand::object object;
  if (parser_->json.iterate(padded.data(), body.size(), padded.size()).get(document) !=
          simdjson::SUCCESS ||
      document.get_object().get(object) != simdjson::SUCCESS) {
    return AnswerFault::kBody;
  }
  static const ExpectedClaims kNoClaims;
  const ExpectedClaims& claims = expected.claims != nullptr ? *expected.claims : kNoClaims;
  bool action_seen = expected.action.empty();
  bool action_right = true;
  bool claims_right = true;
  std::uint64_t claims_seen = 0;
  for (auto member : object) {
    simdjson::ondemand::field field;
    std::string_view name;
    if (std::move(member).get(field) != simdjson::SUCCESS ||
        field.unescaped_key().get(name) != simdjson::SUCCESS) {
      return AnswerFault::kBody;
    }
    simdjson::ondemand::json_type type{};
    if (field.value().type().get(type) != simdjson::SUCCESS) return AnswerFault::kBody;
    if (type == simdjson::ondemand::json_type::string) {
      std::string_view value;
      if (field.value().get_string().get(value) != simdjson::SUCCESS) return AnswerFault::kBody;
      if (name == "action" && !expected.action.empty()) {
        action_right = action_right && value == expected.action;
        action_seen = true;
      }
      if (name == "status" && !is_status(value, status)) return AnswerFault::kStatus;
      claims_right = claims_right && is_expected_member(name, value, claims, claims_seen);
    } else if (name == "status" && type == simdjson::ondemand::json_type::number) {
      std::int64_t number = 0;
      if (field.value().get_int64().get(number) != simdjson::SUCCESS || number != status) {
        return AnswerFault::kStatus;
      }
    } else if (type == simdjson::ondemand::json_type::null) {
      return AnswerFault::kBody;  // never emitted (protocol.md 0.4)
    }
  }
  const char* after = nullptr;  // an error, out of bounds, is what the end of the text looks like
  if (document.current_location().get(after) == simdjson::SUCCESS) return AnswerFault::kBody;
  if (!action_seen || !action_right) return AnswerFault::kAction;
  const std::uint64_t all = claims.empty()        ? 0
                            : claims.size() >= 64 ? ~std::uint64_t{0}
                                                  : (std::uint64_t{1} << claims.size()) - 1;
  return claims_right && claims_seen == all ? AnswerFault::kNone : AnswerFault::kClaims;
}

}  // namespace load
