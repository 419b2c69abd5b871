#include "core/dialects/b2b_signup.h"

#include <utility>

#include "core/dialects/identities.h"

namespace core::dialects::b2b_signup {
namespace {

constexpr MemberSpelling kIssuers[] = {{"facebook", "facebook.com"}, {"google", "google.com"}};

}  // namespace

bool complete(claims::Claims& claims, Step step, claims::NameId last_name, Arena& arena) noexcept {
  claims[claims::kStep] = {claims::Kind::kString, "step", name_for_rules(step)};
  const claims::Claims& read = claims;
  if (last_name != claims::kNoName && read[claims::kSurname].kind == claims::Kind::kAbsent &&
      read[last_name].kind != claims::Kind::kAbsent) {
    claims[claims::kSurname] = read[last_name];
  }
  const claims::Claim& identities = read[claims::kIdentities];
  if (identities.kind != claims::Kind::kArray) return true;
  const std::string_view respelled = respell(identities.value, "issuer", kIssuers, arena);
  if (respelled.data() == nullptr) return false;
  claims[claims::kIdentities].value = respelled;
  return true;
}

}  // namespace core::dialects::b2b_signup
