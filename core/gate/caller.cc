#include "core/gate/caller.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <utility>

#include "core/callers/token_verifier.h"
#include "core/text/text.h"

namespace core::gate {
namespace {

/// Nonzero when the texts differ. Looks at every byte of `presented`, eight at a time, whatever it
/// finds.
std::uint64_t difference(std::string_view presented, std::string_view expected) noexcept {
  std::uint64_t different = presented.size() == expected.size() ? 0 : 1;
  const std::string_view against = different != 0 ? presented : expected;
  std::size_t at = 0;
  for (; at + sizeof(std::uint64_t) <= presented.size(); at += sizeof(std::uint64_t)) {
    std::uint64_t a = 0, b = 0;
    std::memcpy(&a, presented.data() + at, sizeof a);
    std::memcpy(&b, against.data() + at, sizeof b);
    different |= a ^ b;
  }
  for (; at < presented.size(); ++at) {
    different |= static_cast<unsigned char>(presented[at] ^ against[at]);
  }
  return different;
}

/// What stands behind `scheme`, which ends in a blank (RFC 9110, 11.4); empty when it is another one.
std::string_view behind(std::string_view scheme, std::string_view authorization) noexcept {
  if (authorization.size() <= scheme.size() ||
      !text::equals_ignore_case_ascii(authorization.substr(0, scheme.size()), scheme)) {
    return {};
  }
  authorization.remove_prefix(scheme.size());
  while (authorization.starts_with(' ')) authorization.remove_prefix(1);
  return authorization;
}

int hex_value(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/// Percent-decodes into `to`, which has `room` bytes; the number written, or none when it is not
/// well-formed or too long. '+' stands for itself: keys are not forms.
std::size_t decode(std::string_view text, char* to, std::size_t room) noexcept {
  std::size_t size = 0;
  for (std::size_t i = 0; i < text.size(); ++i, ++size) {
    if (size == room) return 0;
    if (text[i] != '%') {
      to[size] = text[i];
      continue;
    }
    const int high = i + 2 < text.size() ? hex_value(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? hex_value(text[i + 2]) : -1;
    if (high < 0 || low < 0) return 0;
    to[size] = static_cast<char>(high << 4 | low);
    i += 2;
  }
  return size;
}

bool fits(const AcceptedCertificate& accepted, const ShownCertificate& shown) noexcept {
  const bool vouched = accepted.authority == AcceptedCertificate::kListener
                           ? accepted.pinned || shown.trusted
                           : (shown.authorities >> accepted.authority & 1U) != 0;
  return vouched && (!accepted.pinned || accepted.sha256 == shown.sha256) &&
         (accepted.subject.empty() || accepted.subject == shown.subject) &&
         (accepted.issuer.empty() || accepted.issuer == shown.issuer) &&
         (accepted.name.empty() ||
          std::find(shown.names.begin(), shown.names.end(), accepted.name) != shown.names.end());
}

}  // namespace

std::string base64(std::string_view bytes) {
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t left = bytes.size() - i;
    const auto byte = [&](std::size_t at) -> unsigned {
      return at < left ? static_cast<unsigned char>(bytes[i + at]) : 0u;
    };
    const unsigned group = byte(0) << 16 | byte(1) << 8 | byte(2);
    text += kAlphabet[group >> 18 & 63];
    text += kAlphabet[group >> 12 & 63];
    text += left > 1 ? kAlphabet[group >> 6 & 63] : '=';
    text += left > 2 ? kAlphabet[group & 63] : '=';
  }
  return text;
}

void CallerCheck::accept_basic(std::string_view username, std::string_view password) {
  std::string pair;
  pair.reserve(username.size() + 1 + password.size());
  pair.append(username).append(":").append(password);
  std::string encoded = base64(pair);
  encoded_.emplace_back(encoded);
  wipe(pair);
  wipe(encoded);
}

bool bears(std::string_view authorization, std::string_view token) noexcept {
  const std::string_view presented = behind("Bearer ", authorization);
  return !presented.empty() && difference(presented, token) == 0;
}

void CallerCheck::accept_tokens(callers::TokenPolicy policy) {
  tokens_ = std::move(policy);
  more_ = true;
}

void CallerCheck::accept_certificate(AcceptedCertificate certificate) {
  certificates_.push_back(std::move(certificate));
  more_ = true;
}

void CallerCheck::want_key(std::string_view name, bool in_query, const std::vector<std::string>& values) {
  key_name_ = name;
  key_in_query_ = in_query;
  keys_.clear();
  for (const std::string& value : values) keys_.emplace_back(value);
  more_ = true;
}

void CallerCheck::want_addresses(callers::AddressSet addresses) {
  addresses_ = std::move(addresses);
  has_addresses_ = more_ = true;
}

bool CallerCheck::admits(std::string_view authorization) const noexcept {
  if (anonymous_) return true;
  constexpr std::string_view kBasic = "Basic ", kBearer = "Bearer ";
  bool admitted = false;
  const auto compare = [&](std::string_view scheme, const std::vector<Secret>& accepted) {
    if (authorization.size() <= scheme.size()) return;
    const std::string_view presented_scheme = authorization.substr(0, scheme.size());
    if (presented_scheme != scheme && !text::equals_ignore_case_ascii(presented_scheme, scheme)) {
      return;
    }
    std::string_view presented = authorization.substr(scheme.size());
    while (presented.starts_with(' ')) presented.remove_prefix(1);
    for (const Secret& expected : accepted) admitted |= difference(presented, expected.view()) == 0;
  };
  if (!encoded_.empty()) compare(kBasic, encoded_);
  if (!bearer_.empty()) compare(kBearer, bearer_);
  return admitted;
}

/// Whether the key is there, once: of two nobody can say which the caller means.
bool CallerCheck::has_key(const http::Request& request) const noexcept {
  std::string_view presented;
  std::size_t times = 0;
  char decoded[kKeyBytesMax];
  if (key_in_query_) {
    for (std::string_view rest = request.query; !rest.empty();) {
      const std::size_t end = std::min(rest.find('&'), rest.size());
      const std::string_view pair = rest.substr(0, end);
      rest.remove_prefix(std::min(end + 1, rest.size()));
      const std::size_t equals = pair.find('=');
      if (equals == std::string_view::npos || pair.substr(0, equals) != key_name_) continue;
      const std::string_view value = pair.substr(equals + 1);
      presented = {decoded, decode(value, decoded, sizeof decoded)};
      ++times;
    }
  } else {
    for (std::size_t i = 0; i < request.field_count; ++i) {
      const http::Header& field = request.fields[i];
      if (field.name.size() != key_name_.size() ||
          !text::equals_ignore_case_ascii(field.name, key_name_)) {
        continue;
      }
      presented = field.value;
      ++times;
    }
  }
  bool right = false;
  for (const Secret& expected : keys_) right |= difference(presented, expected.view()) == 0;
  return right && times == 1;
}

CallerFault CallerCheck::check_certificate(const Caller& caller) const noexcept {
  if (caller.certificate == nullptr) return CallerFault::kNoCertificate;
  const ShownCertificate& shown = *caller.certificate;
  const bool accepted =
      std::any_of(certificates_.begin(), certificates_.end(),
                  [&](const AcceptedCertificate& one) { return fits(one, shown); });
  if (!accepted) return CallerFault::kCertificate;
  return caller.now_s < shown.not_before_s || caller.now_s > shown.not_after_s
             ? CallerFault::kCertificateExpired
             : CallerFault::kNone;
}

CallerFault CallerCheck::check_all(const http::Request& request,
                                   const Caller& caller) const noexcept {
  if (has_addresses_ &&
      !addresses_.holds(caller.address == nullptr ? callers::Address{} : *caller.address)) {
    return CallerFault::kAddress;
  }
  if (!certificates_.empty()) {
    if (const CallerFault fault = check_certificate(caller); fault != CallerFault::kNone)
      return fault;
  }
  // Without credentials for it the certificate alone says who it is.
  const bool by_authorization = !encoded_.empty() || !bearer_.empty() || tokens_.has_value();
  const std::string_view authorization = request.known(http::Known::kAuthorization);
  const bool known = !by_authorization ? !certificates_.empty() || (key_alone_ && !keys_.empty())
                                       : admits(authorization);
  const bool key = keys_.empty() || has_key(request);
  if (!known && tokens_) {
    const CallerFault fault = check_token(authorization, caller);
    return fault == CallerFault::kNone && !key ? CallerFault::kCredentials : fault;
  }
  return known && key ? CallerFault::kNone : CallerFault::kCredentials;
}

CallerFault CallerCheck::check_token(std::string_view authorization,
                                     const Caller& caller) const noexcept {
  const std::string_view token = behind("Bearer ", authorization);
  if (token.empty() || caller.tokens == nullptr) return CallerFault::kCredentials;
  return caller.tokens->check(token, *tokens_, caller.now_s) == callers::TokenFault::kNone
             ? CallerFault::kNone
             : CallerFault::kToken;
}

std::string_view CallerCheck::challenge() const noexcept {
  if (!encoded_.empty()) return R"(Basic realm="claimgate", charset="UTF-8")";
  if (!bearer_.empty() || tokens_) return R"(Bearer realm="claimgate")";
  return {};
}

}  // namespace core::gate
