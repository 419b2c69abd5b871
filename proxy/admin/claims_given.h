#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/claims/claims.h"
#include "core/gate/snapshot.h"
#include "core/rules/ask.h"
#include "core/rules/evaluation.h"
#include "core/rules/limit.h"

namespace proxy::admin {

/// Claims as an administrator gives them, and the keys they make. Borrows the snapshot.
class ClaimsGiven {
 public:
  static constexpr std::size_t kArenaBytes = 4 << 20;

  explicit ClaimsGiven(const core::gate::Snapshot& snapshot)
      : snapshot_(snapshot),
        evaluation_(snapshot.names.size(), snapshot.prepared_max, kArenaBytes, 0) {}

  /// Reads a JSON object. False when it is none, or too large.
  bool read(std::string json) {
    const std::size_t size = json.size();
    json_ = std::move(json);
    json_.append(core::claims::kReadPadding, '\0');
    evaluation_.begin();
    return core::claims::read(std::string_view(json_).substr(0, size), snapshot_.names,
                              snapshot_.read_limits, evaluation_.arena(), evaluation_.claims())
               .error == core::claims::ReadError::kNone;
  }

  /// Nothing when the claims are too large.
  std::optional<core::decisions::Key> key(const core::rules::Ask& ask,
                                          const core::decisions::Seed& seed) {
    core::decisions::Key key;
    if (!core::rules::claims_key(ask, seed, evaluation_, key)) return std::nullopt;
    return key;
  }
  /// Nothing when they have none of the limit's values, too.
  std::optional<core::decisions::Key> key(const core::rules::Limit& limit,
                                          const core::decisions::Seed& seed) {
    core::decisions::Key key;
    if (!core::rules::counter_key(limit, seed, evaluation_, key)) return std::nullopt;
    return key;
  }

 private:
  const core::gate::Snapshot& snapshot_;
  core::rules::Evaluation evaluation_;
  std::string json_;
};

}  // namespace proxy::admin
