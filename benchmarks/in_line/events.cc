#include "benchmarks/in_line/events.h"

#include <cstdio>
#include <cstdlib>
#include <vector>

#include "core/bridge/bodies.h"

namespace in_line {
namespace {

// What a user flow does not know and an event has.
constexpr std::string_view kDataIds =
    R"("tenantId":"30000000-0000-0000-0000-000000000003",)"
    R"("authenticationEventListenerId":"10000000-0000-0000-0000-000000000001",)"
    R"("customAuthenticationExtensionId":"10000000-0000-0000-0000-000000000002",)";
constexpr std::string_view kContextBegin =
    R"("authenticationContext":{"correlationId":"20000000-0000-0000-0000-000000000002",)"
    R"("client":{"ip":"203.0.113.7",)";
constexpr std::string_view kPrincipal =
    R"("protocol":"OAUTH2.0","clientServicePrincipal":{"id":"50000000-0000-0000-0000-000000000005",)";
constexpr std::string_view kPrincipalEnd =
    R"(,"appDisplayName":"Shop","displayName":"Shop"},"resourceServicePrincipal":)"
    R"({"id":"50000000-0000-0000-0000-000000000006","appId":"40000000-0000-0000-0000-000000000004",)"
    R"("appDisplayName":"Shop","displayName":"Shop"}},"userSignUpInfo")";

void replace(std::string& text, std::string_view what, std::string_view with) {
  const std::size_t at = text.find(what);
  if (at == std::string::npos) {
    std::fprintf(stderr, "as_events: no %.*s in an event\n", static_cast<int>(what.size()), what.data());
    std::abort();
  }
  text.replace(at, what.size(), with);
}

std::string event_of(std::string_view flow) {
  auto event = core::bridge::event_request(flow, core::bridge::step_in(flow));
  if (!event) std::abort();
  std::string json = std::move(event->json);
  replace(json, R"("authenticationContext":{"client":{)", std::string(kDataIds) + std::string(kContextBegin));
  replace(json, R"("clientServicePrincipal":{)", kPrincipal);
  replace(json, R"(}},"userSignUpInfo")", kPrincipalEnd);
  replace(json, R"("data":)",
          R"("source":"/tenants/30000000-0000-0000-0000-000000000003/applications/40000000-0000-0000-0000-000000000004","data":)");
  return json;
}

bool has_names(std::string_view body, const load::Expected& expected) {
  for (const auto* name : {&expected.given_name, &expected.surname}) {
    if (*name && body.find('"' + **name + '"') == std::string_view::npos) return false;
  }
  return true;
}

/// An action of protocol.md d.6.
bool event_answer_is_right(int status, std::string_view body, const load::Expected& expected) {
  const std::string_view action = expected.action == "ShowBlockPage"     ? ".showBlockPage\""
                                  : expected.action == "ValidationError" ? ".showValidationError\""
                                                                         : ".modifyAttributeValues\"";
  return status == 200 && body.find(action) != std::string_view::npos && has_names(body, expected);
}

/// protocol.md b.3, b.4.
bool policy_answer_is_right(int status, std::string_view body, const load::Expected& expected) {
  if (expected.action == "Continue") return status == 200 && has_names(body, expected);
  return status == 409 && body.find(R"("status":409,"userMessage":")") != std::string_view::npos;
}

}  // namespace

load::WorkUnit as_events(const load::WorkUnit& unit) {
  load::WorkUnit events;
  std::vector<std::size_t> sizes;
  constexpr std::string_view kLength = "Content-Length: ";
  for (const std::string_view request : unit.requests) {
    const std::size_t body = request.find("\r\n\r\n") + 4;
    std::string head(request.substr(0, body));
    const std::string json = event_of(request.substr(body));
    const std::size_t length = head.find(kLength) + kLength.size();
    head.replace(length, head.find("\r\n", length) - length, std::to_string(json.size()));
    events.bytes += head + json;
    sizes.push_back(head.size() + json.size());
  }
  std::size_t at = 0;
  for (const std::size_t size : sizes) {
    events.requests.push_back(std::string_view(events.bytes).substr(at, size));
    at += size;
  }
  events.expected = unit.expected;
  return events;
}

AnswerIsRight answers_of(std::string_view dialect) {
  if (dialect == "b2c-userflow" || dialect == "b2b-signup") return load::answer_is_right;
  if (dialect == "b2c-policy") return policy_answer_is_right;
  if (dialect == "ext-id") return event_answer_is_right;
  return nullptr;
}

}  // namespace in_line
