#pragma once

#include <cstdint>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include "core/claims/name_table.h"
#include "core/rules/program.h"
#include "proxy/capture/line.h"

namespace proxy::policy {

/// Follows an evaluation of a captured request and finds out whether its verdict can be believed:
/// which rules looked at values that are not the ones the caller sent. A rule that only sets claims
/// passes that on to the claims it sets.
class HiddenWatch final : public core::rules::Tracer {
 public:
  HiddenWatch(const core::rules::Program& program, const core::claims::NameTable& names,
              const std::vector<capture::HiddenClaim>& hidden);

  void on_test(std::uint32_t node, std::string_view value, bool present, bool matched) override;
  void on_rule(std::uint32_t rule, bool matched) override;
  void on_set(std::uint32_t rule, const core::rules::Assignment& assignment, std::string_view value,
              bool done) override;

  /// A rule that may end requests, and a hidden claim that it looked at. Empty: the verdict is what
  /// the real values would have led to.
  using Look = std::pair<std::uint32_t, core::claims::NameId>;
  const std::set<Look>& looks() const noexcept { return looks_; }
  /// False when rules that set claims looked at hidden ones: what they set may be otherwise.
  bool claims_are_sure() const noexcept { return claims_are_sure_; }

 private:
  /// The subject of a test depends on nothing hidden but an address whose domain is the real one.
  bool is_known_domain(const core::rules::Subject& subject) const noexcept;

  const core::rules::Program& program_;
  std::vector<bool> hidden_;                  // by claim
  bool has_domain_ = false;                   // email.domain is the real one
  std::vector<core::claims::NameId> looked_;  // by the rule at hand
  std::set<Look> looks_;
  bool claims_are_sure_ = true;
};

}  // namespace proxy::policy
