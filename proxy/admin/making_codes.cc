// What an administrator says of new codes.
#include <simdjson.h>

#include <chrono>
#include <utility>

#include "core/arena.h"
#include "core/config/scalars.h"
#include "core/rules/moment.h"
#include "core/text/canonical_email.h"
#include "core/text/email.h"
#include "core/text/one_line.h"
#include "proxy/admin/invitation_requests.h"

namespace proxy::admin {
namespace {

using core::invitations::Invitation;
using state::Invitations;
using Making = Invitations::Making;

constexpr std::int64_t kDayS = 86'400;
constexpr std::int64_t kValidMaxS = 3650 * kDayS;
constexpr std::size_t kCodeArenaBytes = 4096;
constexpr const char* kWanted =
    "expected {\"by\":\"who\"} and perhaps count, uses, expires, address, domain and note";

/// "30d", "never" or a time to come, as RFC 3339 writes it or a date.
std::string read_expiry(std::string_view text, Invitation& as) {
  as.expires_s = 0;
  if (text == "never") return {};
  const std::chrono::seconds longest{kValidMaxS};
  if (const auto valid = core::config::parse_duration(text, longest)) {
    as.expires_s = as.created_s + valid.value().count() / 1000;
  } else if (const auto at = core::rules::parse_lax_instant(text)) {
    as.expires_s = *at;
  } else {
    return "expires is a time like \"30d\", a date, a time like \"2026-12-31T12:00:00Z\", or \"never\"";
  }
  if (as.expires_s <= as.created_s) return "expires is in the past";
  return as.expires_s - as.created_s > kValidMaxS ? "expires is more than 3650 days away" : "";
}

std::string read_address(std::string_view text, Making& making) {
  core::Arena arena(kCodeArenaBytes);
  if (!core::text::is_email(text)) return "address is no address";
  making.address = core::text::canonical_email(text, arena);
  return making.address.empty() ? "address is no address" : "";
}

std::string read_domain(std::string_view text, Invitation& as) {
  core::Arena arena(kCodeArenaBytes);
  if (!core::text::is_email("x@" + std::string(text))) return "domain is no domain";
  as.domain = core::text::normalise_domain(text, arena);
  return as.domain.empty() ? "domain is no domain" : "";
}

std::string read_line(std::string_view name, std::string_view text, std::size_t bytes_max, std::string& to) {
  if (text.size() > bytes_max) return std::string(name) + " is longer than " + std::to_string(bytes_max) + " bytes";
  to = core::text::one_line(text, bytes_max);
  return {};
}

std::string read_text(std::string_view name, std::string_view text, Making& making) {
  if (name == "by") return read_line(name, text, Invitation::kWhoBytesMax, making.as.by);
  if (name == "note") return read_line(name, text, Invitation::kNoteBytesMax, making.as.note);
  if (name == "expires") return read_expiry(text, making.as);
  if (name == "address") return read_address(text, making);
  if (name == "domain") return read_domain(text, making.as);
  return kWanted;
}

std::string read_number(std::string_view name, std::uint64_t number, Making& making) {
  const bool count = name == "count";
  if (!count && name != "uses") return kWanted;
  const std::uint64_t most = count ? Making::kCountMax : Invitation::kUsesMax;
  if (number == 0 || number > most) return std::string(name) + " is from 1 to " + std::to_string(most);
  if (count) {
    making.count = static_cast<std::size_t>(number);
  } else {
    making.as.uses = static_cast<std::uint32_t>(number);
  }
  return {};
}

}  // namespace

std::string read_making(std::string_view body, std::int64_t valid_s, Making& making) {
  simdjson::dom::parser parser;
  simdjson::dom::object members;
  if (parser.parse(body.data(), body.size()).get(members) != simdjson::SUCCESS) return kWanted;
  making.as.expires_s = making.as.created_s + valid_s;
  for (const auto& [name, value] : members) {
    std::string_view text;
    std::uint64_t number = 0;
    std::string wrong = kWanted;
    if (value.get(text) == simdjson::SUCCESS) {
      wrong = read_text(name, text, making);
    } else if (value.get(number) == simdjson::SUCCESS) {
      wrong = read_number(name, number, making);
    }
    if (!wrong.empty()) return wrong;
  }
  if (making.as.by.empty()) return kWanted;
  if (!making.address.empty() && !making.as.domain.empty()) return "a code is for an address or for a domain";
  return {};
}

}  // namespace proxy::admin
