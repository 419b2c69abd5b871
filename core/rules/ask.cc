#include "core/rules/ask.h"

#include "core/rules/evaluation.h"

namespace core::rules {
namespace {

// What a key is made from, so that one kind is never taken for the other.
constexpr std::uint64_t kOfClaims = 1;
constexpr std::uint64_t kOfBody = 2;

decisions::KeyHash begun(const Ask& ask, const decisions::Seed& seed, std::uint64_t kind) noexcept {
  decisions::KeyHash hash(seed);
  hash.add_number(kind);
  hash.add_number(ask.version.low);
  hash.add_number(ask.version.high);
  return hash;
}

}  // namespace

std::string full_name(const Workflow& workflow) {
  switch (workflow.asks) {
    case config::Asks::kBackend: break;
    case config::Asks::kApproval: return "approvals." + workflow.name;
    case config::Asks::kInvitation: return "invitations." + workflow.name;
    case config::Asks::kLimit: return "velocity." + workflow.name;
  }
  return workflow.name;
}

bool claims_key(const Ask& ask, const decisions::Seed& seed, Evaluation& evaluation,
                decisions::Key& key) noexcept {
  decisions::KeyHash hash = begun(ask, seed, kOfClaims);
  for (const Subject& subject : ask.key) {
    const std::string_view value = evaluation.text_of(subject);
    if (value.data() != nullptr) {
      hash.add(value);
    } else {
      hash.add_absent();
    }
  }
  key = hash.finish();
  return !evaluation.arena().exhausted();
}

decisions::Key body_key(const Ask& ask, const decisions::Seed& seed,
                        const decisions::BodyHash& hash, std::string_view body) noexcept {
  decisions::KeyHash key = begun(ask, seed, kOfBody);
  hash.add(key, body);
  return key.finish();
}

}  // namespace core::rules
