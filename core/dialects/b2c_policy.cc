#include "core/dialects/b2c_policy.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "core/text/json.h"
#include "core/text/text.h"

namespace core::dialects::b2c_policy {
namespace {

using std::string_view_literals::operator""sv;

constexpr std::size_t kScanSlack = 16;  // write_json_escaped() may write past its end

/// The name under which the policy reads a claim.
std::string_view their_name(const Contract& contract, claims::NameId id,
                            std::string_view otherwise) noexcept {
  for (const Renamed& one : contract.names) {
    if (one.ours == id) return one.name;
  }
  return otherwise;
}

bool is_guid(std::string_view text) noexcept {
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    const bool hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    if (dash ? c != '-' : !hex) return false;
  }
  return true;
}

bool append_escaped(http::OutBuffer& out, std::string_view text) noexcept {
  char* const at = out.reserve(text::json_escaped_max(text.size()) + kScanSlack);
  if (at == nullptr) return false;
  out.commit(static_cast<std::size_t>(text::write_json_escaped(at, text) - at));
  return true;
}

}  // namespace

void rename(const Contract& contract, claims::Claims& claims) noexcept {
  // Names may be exchanged (a is b, b is a): all are read before one is written.
  std::array<claims::Claim, kRenamedMax> came;
  const claims::Claims& read = claims;
  const std::size_t count = std::min(contract.names.size(), came.size());
  for (std::size_t i = 0; i < count; ++i) came[i] = read[contract.names[i].theirs];
  for (std::size_t i = 0; i < count; ++i) {
    if (came[i].kind != claims::Kind::kAbsent) {
      claims[contract.names[i].theirs].kind = claims::Kind::kAbsent;
    }
  }
  for (std::size_t i = 0; i < count; ++i) {
    if (came[i].kind != claims::Kind::kAbsent) claims[contract.names[i].ours] = came[i];
  }
}

bool write_continue(const Contract& contract, http::OutBuffer& out,
                    const rules::Evaluation& evaluation) noexcept {
  if (!out.append("{")) return false;
  bool first = true;
  const auto write = [&](std::string_view name, const claims::Claim& claim) {
    if (claim.kind == claims::Kind::kAbsent || claim.kind == claims::Kind::kNull) return true;
    if (!out.append(first ? "\""sv : ",\""sv) || !append_escaped(out, name)) return false;
    first = false;
    if (claim.kind != claims::Kind::kString) return out.append("\":") && out.append(claim.value);
    return out.append("\":\"") && append_escaped(out, claim.value) && out.append("\"");
  };
  for (const claims::NameId id : evaluation.changed()) {
    const claims::Claim& claim = evaluation.claims()[id];
    if (!write(their_name(contract, id, claim.name), claim)) return false;
  }
  for (const claims::Claim& extra : evaluation.extras()) {
    if (!write(extra.name, extra)) return false;
  }
  return out.append("}");
}

bool write_message(const Contract& contract, http::OutBuffer& out, rules::VerdictKind kind,
                   const Words& words, const Debug& debug) noexcept {
  if (!out.append(R"({"version":"1.0.0","status":409)")) return false;
  if (contract.debug && !out.append(kind == rules::VerdictKind::kBlock
                                        ? R"(,"code":"block")"sv
                                        : R"(,"code":"validation_error")"sv)) {
    return false;
  }
  if (!out.append(R"(,"userMessage":")") || !out.append(words.message)) return false;
  for (const ClaimWords& said : words.claims) {
    if (!out.append(kLineEnd) || !out.append(said.text)) return false;
  }
  if (!out.append("\"")) return false;
  if (!contract.debug) return out.append("}");
  if (is_guid(debug.request_id) &&
      !(out.append(R"(,"requestId":")") && out.append(debug.request_id) && out.append("\""))) {
    return false;
  }
  if (!out.append(R"(,"developerMessage":"connector )") || !out.append(contract.connector) ||
      !out.append(debug.rule.empty() ? ", otherwise"sv : ", rule "sv) ||
      !append_escaped(out, debug.rule) || !out.append("\"")) {
    return false;
  }
  if (!contract.more_info.empty() &&
      !(out.append(R"(,"moreInfo":")") && out.append(contract.more_info) && out.append("\""))) {
    return false;
  }
  return out.append("}");
}

}  // namespace core::dialects::b2c_policy
