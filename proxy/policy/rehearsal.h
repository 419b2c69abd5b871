#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/config/policy.h"
#include "core/gate/gate.h"
#include "core/http/out_buffer.h"
#include "core/velocity/counters.h"
#include "proxy/policy/stand_ins.h"

namespace proxy::policy {

/// What a caller was told, read back from the bytes of the answer.
struct Told {
  core::gate::Report report;
  /// Empty when there was no room for an answer.
  std::optional<core::config::ToldVerdict> verdict;
  std::string rule;     // that decided; empty: none ended it; "otherwise": the connector's
  std::string message;  // the text for the person; empty when the answer has none
  std::vector<std::pair<std::string, std::string>> claims;  // returned: name, JSON text
  std::vector<std::string> shadowed;                        // rules in shadow that would have acted
  std::vector<std::string> tags;                            // that rules have put on the request
  std::vector<std::string> events;                          // that come of it, by name
  std::string asked, asking;  // a backend that nobody stands in for, and the rule; the verdict is
                              // then the connector's `otherwise`
};

/// As a configuration writes it.
std::string_view name(core::config::ToldVerdict verdict) noexcept;

/// JSON text in the one spelling that values are compared in; the text itself when it is no JSON.
std::string canonical_json(std::string_view text);

/// A compiled configuration that answers requests without a server: what serve would answer.
class Rehearsal {
 public:
  Rehearsal(std::shared_ptr<const core::gate::Snapshot> snapshot,
            std::shared_ptr<const core::lists::Table> lists);

  const core::gate::Snapshot& snapshot() const noexcept { return gate_.snapshot(); }
  /// Null when there is none.
  const core::gate::Connector* find(std::string_view name) const noexcept;

  static constexpr std::size_t kBodyBytesMax = 16 << 20;

  /// The answer to `body` (at most kBodyBytesMax) at `now_ms` since 1970. `tracer` may be null;
  /// with one every rule is tested in order, without one they are found as serve finds them.
  /// No backend is asked: `stand_ins` has their verdicts.
  Told ask(const core::gate::Connector& connector, std::string_view body, std::int64_t now_ms,
           core::rules::Tracer* tracer = nullptr, const StandIns* stand_ins = nullptr);

  /// The requests that follow are nobody's retry: limits count them beside those that came before.
  void next_person() noexcept { gate_.use_salt(++salt_); }
  /// Limits have counted nobody.
  void forget_counts();

 private:
  std::unique_ptr<core::velocity::Counters> counters_;  // null: nothing has a limit
  std::uint64_t salt_ = 0;
  core::gate::Gate gate_;
  core::http::OutBuffer out_;
  std::string padded_;
};

/// Milliseconds since 1970, now.
std::int64_t now_ms();

}  // namespace proxy::policy
