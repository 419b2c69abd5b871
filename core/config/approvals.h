#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "core/config/written.h"

/// `approvals` as it was written.
namespace core::config {

/// What a rule does about an approval (protocol.md c.2).
enum class ApprovalStep : std::uint8_t { kCheck, kRequest };

/// Changes of an approval that events may tell of, as `on` names them; a trail has spaces for underscores.
inline constexpr std::array<std::string_view, 6> kApprovalChanges = {
    "requested", "approved", "denied", "expired", "account_created", "account_failed"};

/// `graph`: what creates the account behind an approval (protocol.md c.2).
struct Graph {
  Mark mark;
  Text tenant;              // of the token: a GUID or a domain
  Text domain;              // "woodgrove.onmicrosoft.com"
  Text client_id, client_secret;
  Text redirect_url;
  bool send_invitation = true;
  Text authority, url;      // no slash behind them
  Text ca;                  // a PEM file; empty: the system's authorities
};

/// One of `approvals`.
struct Approval {
  Text name;
  Mark mark;
  std::vector<Text> key;  // subjects: whose approval it is
  Text requested, pending, denied;  // names of messages; `requested` empty: `pending`
  milliseconds keep{30LL * 24 * 3'600'000};        // how long it waits for a decision
  std::optional<Graph> graph;
  milliseconds erase_after{7LL * 24 * 3'600'000};  // the kept claims, behind the decision
  std::array<std::vector<Text>, kApprovalChanges.size()> on;  // names of events
};

}  // namespace core::config
