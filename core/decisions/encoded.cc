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

bool is_whole(std::string_view bytes) noexcept {
  if (bytes.size() < DecisionView::kSaidAt || bytes[0] < 0 || bytes[1] < 0 || bytes[1] > DecisionView::kIsText ||
      bytes[0] > static_cast<char>(rules::VerdictKind::kValidationError)) {
    return false;
  }
  const DecisionView view(bytes);
  std::size_t at = DecisionView::kSaidAt + view.number(DecisionView::kSaidSizeAt);
  for (std::size_t left = view.claim_count(); left > 0; --left) {
    if (at + 9 > bytes.size() || bytes[at] < 0 || bytes[at] > static_cast<char>(claims::Kind::kArray)) return false;
    at += 9 + std::size_t{view.number(at + 1)} + view.number(at + 5);
  }
  return at == bytes.size();
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
