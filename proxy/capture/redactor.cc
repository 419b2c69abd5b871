#include "proxy/capture/redactor.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <simdjson.h>

#include <algorithm>
#include <array>
#include <span>

#include "core/claims/name_table.h"
#include "core/config/diagnostics.h"
#include "core/config/policy.h"
#include "core/secret.h"
#include "core/text/email.h"
#include "core/text/hex.h"
#include "core/text/json.h"
#include "core/text/text.h"

namespace proxy::capture {
namespace {

namespace ondemand = simdjson::ondemand;

constexpr std::size_t kPseudonymBytes = 8;
constexpr std::size_t kArenaBytes = 64 << 10;
constexpr std::size_t kDomainBytesMax = 253;  // RFC 1035, 2.3.4, as text
constexpr std::string_view kStep = "step";
constexpr std::string_view kEmail = "email";
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

std::string_view kind_of(ondemand::json_type type) {
  switch (type) {
    case ondemand::json_type::string:
      return "string";
    case ondemand::json_type::number:
      return "number";
    case ondemand::json_type::boolean:
      return "boolean";
    case ondemand::json_type::null:
      return "null";
    case ondemand::json_type::array:
      return "array";
    case ondemand::json_type::object:
      return "object";
  }
  return "string";
}

/// JSON text without white space, and so on one line.
std::string minified(std::string_view json) {
  std::string out(json.size() + simdjson::SIMDJSON_PADDING, '\0');
  std::size_t size = 0;
  if (simdjson::minify(json.data(), json.size(), out.data(), size) != simdjson::SUCCESS) return {};
  out.resize(size);
  return out;
}

/// The domain of an address, when it is written as one; what else stands behind an '@' stays
/// hidden.
std::string domain_of(std::string_view address, core::Arena& arena) {
  arena.reset();
  const std::string domain(
      core::text::normalise_domain(core::text::split_email(address).domain, arena));
  const bool good =
      domain.size() <= kDomainBytesMax && domain.find('.') != std::string::npos &&
      std::all_of(domain.begin(), domain.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
      });
  return good ? domain : std::string();
}

}  // namespace

std::string canonical_claim(std::string_view name) {
  std::string_view attribute;
  if (!core::claims::split_extension(name, attribute)) return std::string(name);
  std::string canonical = "extension_" + std::string(attribute);
  core::text::lower_ascii(canonical.data(), canonical.data(), canonical.size());
  return canonical;
}

struct Redactor::Json {
  ondemand::parser parser;
  ondemand::field field;  // the member at hand
};

Redactor::~Redactor() { core::wipe(secret_); }

Redactor::Redactor(const std::vector<std::string>& keep, std::string secret)
    : secret_(std::move(secret)), json_(std::make_unique<Json>()), arena_(kArenaBytes) {
  for (const std::string& name : keep) {
    if (name == core::config::kKeptDomain) {
      keeps_domain_ = true;
    } else {
      keep_.push_back(canonical_claim(name));
    }
  }
  std::sort(keep_.begin(), keep_.end());
}

bool Redactor::keeps(const std::string& canonical) const {
  return std::binary_search(keep_.begin(), keep_.end(), canonical);
}

void Redactor::append_pseudonym(std::string_view claim, std::string_view kind,
                                std::string_view value, std::string& to) const {
  // No name or kind holds a zero byte that could be moved: names are JSON strings of the caller,
  // but the sizes in front make every triple another text.
  std::string text = std::to_string(claim.size()) + ':' + std::string(claim) + std::string(kind) +
                     '\0' + std::string(value);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  const bool done = HMAC(EVP_sha256(), secret_.data(), static_cast<int>(secret_.size()),
                         reinterpret_cast<const unsigned char*>(text.data()), text.size(),
                         digest.data(), &size) != nullptr;
  OPENSSL_cleanse(text.data(), text.size());
  if (!done) return;
  to += ",\"pseudonym\":\"";
  core::text::append_hex(to, std::span(digest).first(kPseudonymBytes));
  to += '"';
}

bool Redactor::append_claim(Json& json, std::string& kept, std::string& redacted) {
  ondemand::field& field = json.field;
  std::string_view key;
  if (field.unescaped_key().get(key) != simdjson::SUCCESS) return false;
  const std::string name(key);  // the parser's memory is used again by the value
  const std::string canonical = canonical_claim(name);
  ondemand::json_type type{};
  if (field.value().type().get(type) != simdjson::SUCCESS) return false;
  std::string raw;    // JSON text
  std::string plain;  // what the pseudonym is made from: a string unescaped
  std::string_view part;
  if (type == ondemand::json_type::array) {
    ondemand::array array;
    if (field.value().get(array) != simdjson::SUCCESS ||
        array.raw_json().get(part) != simdjson::SUCCESS) {
      return false;
    }
    plain = raw = minified(part);
  } else if (type == ondemand::json_type::object) {
    ondemand::object object;
    if (field.value().get(object) != simdjson::SUCCESS ||
        object.raw_json().get(part) != simdjson::SUCCESS) {
      return false;
    }
    plain = raw = minified(part);
  } else {
    part = field.value().raw_json_token();  // with the white space behind it
    raw = part.substr(0, part.find_last_not_of(" \t\r\n") + 1);
    plain = raw;
    if (type == ondemand::json_type::string) {
      if (field.value().get_string().get(part) != simdjson::SUCCESS) return false;
      plain = part;
    }
  }
  if (name == kStep) return true;
  const std::string quoted = core::text::json_quoted(name) + ':';
  if (keeps(canonical)) {
    kept += (kept.empty() ? "" : ",") + quoted + raw;
    return true;
  }
  const std::string_view kind = kind_of(type);
  redacted += (redacted.empty() ? "" : ",") + quoted + "{\"kind\":\"" + std::string(kind) + '"';
  const bool says_nothing = type == ondemand::json_type::null;
  if (!says_nothing && !core::config::names_a_secret(name)) {
    append_pseudonym(canonical, kind, plain, redacted);
  }
  if (keeps_domain_ && name == kEmail && type == ondemand::json_type::string) {
    if (const std::string domain = domain_of(plain, arena_); !domain.empty()) {
      redacted += ",\"domain\":\"" + domain + '"';
    }
  }
  redacted += '}';
  return true;
}

bool Redactor::append(std::string_view body, std::string& to) {
  if (body.starts_with(kByteOrderMark)) body.remove_prefix(kByteOrderMark.size());
  padded_.assign(body);
  padded_.resize(body.size() + simdjson::SIMDJSON_PADDING, ' ');
  ondemand::document document;
  ondemand::object members;
  if (json_->parser.iterate(padded_.data(), body.size(), padded_.size()).get(document) !=
          simdjson::SUCCESS ||
      document.get_object().get(members) != simdjson::SUCCESS) {
    return false;
  }
  std::string kept;
  std::string redacted;
  for (auto result : members) {
    if (std::move(result).get(json_->field) != simdjson::SUCCESS ||
        !append_claim(*json_, kept, redacted)) {
      return false;
    }
  }
  to += "\"claims\":{" + kept + "},\"redacted\":{" + redacted + '}';
  return true;
}

}  // namespace proxy::capture
