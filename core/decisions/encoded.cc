#include "core/decisions/encoded.h"

namespace core::decisions {
namespace {

void append_number(std::string& to, std::size_t value) {
  const auto number = static_cast<std::uint32_t>(value);
  char bytes[sizeof number];
  std::memcpy(bytes, &number, sizeof number);
  to.append(bytes, sizeof bytes);
}

}  // namespace

std::string encode(const Decision& decision) {
  std::string bytes;
  encode(decision, bytes);
  return bytes;
}

void encode(const Decision& decision, std::string& bytes) {
  bytes.clear();
  const bool tells = decision.kind != rules::VerdictKind::kContinue;
  std::string_view said;
  if (tells) said = decision.message.empty() ? decision.text : decision.message;
  std::size_t size = DecisionView::kSaidAt + said.size();
  for (const DecidedClaim& claim : decision.claims)
    size += 9 + claim.name.size() + claim.value.size();
  bytes.reserve(size);
  bytes += static_cast<char>(decision.kind);
  bytes += !tells                     ? DecisionView::kIsNothing
           : decision.message.empty() ? DecisionView::kIsText
                                      : DecisionView::kIsMessage;
  const bool has_claims = decision.kind != rules::VerdictKind::kBlock;
  append_number(bytes, has_claims ? decision.claims.size() : 0);
  append_number(bytes, said.size());
  bytes += said;
  if (!has_claims) return;
  for (const DecidedClaim& claim : decision.claims) {
    bytes += static_cast<char>(claim.kind);
    append_number(bytes, claim.name.size());
    append_number(bytes, claim.value.size());
    bytes += claim.name;
    bytes += claim.value;
  }
}

Decision DecisionView::decode() const {
  Decision decision;
  decision.kind = kind();
  decision.message = message();
  decision.text = text();
  for_each_claim([&](const Claim& claim) {
    decision.claims.push_back({std::string(claim.name), claim.kind, std::string(claim.value)});
    return true;
  });
  return decision;
}

}  // namespace core::decisions
