// Callers' tokens and their authority's documents: as they come, and with the header and claims encoded
// here, so that what is behind base64url is reached. What is accepted is checked against the bytes.
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>

#include "core/callers/base64url.h"
#include "core/callers/key_set.h"
#include "core/callers/token.h"

namespace {

using core::callers::Token;
using core::callers::TokenFault;

constexpr std::size_t kBytesMax = 8192;

struct Exact {
  explicit Exact(std::string_view text) : bytes(new char[text.size()]), size(text.size()) {
    if (size > 0) std::memcpy(bytes.get(), text.data(), size);
  }
  std::string_view view() const { return {bytes.get(), size}; }
  std::unique_ptr<char[]> bytes;
  std::size_t size;
};

std::string base64url(std::string_view bytes) {
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string text;
  unsigned bits = 0, held = 0;
  for (const char c : bytes) {
    held = (held << 8 | static_cast<unsigned char>(c)) & 0xffff;
    for (bits += 8; bits >= 6; bits -= 6) text += kAlphabet[held >> (bits - 6) & 63];
  }
  if (bits > 0) text += kAlphabet[held << (6 - bits) & 63];
  return text;
}

void read(std::string_view text) {
  static core::callers::TokenReader reader(kBytesMax);
  const Exact exact(text);
  Token token;
  if (reader.read(exact.view(), token) != TokenFault::kNone) return;
  if (token.key_id.empty() || token.issuer.empty() || token.audience.empty() || token.party.empty() ||
      token.expires_s < 0 || token.signed_part.size() >= text.size()) {
    std::abort();
  }
  core::callers::TokenPolicy policy;
  policy.tenant = token.tenant;
  policy.audiences = {std::string(token.audience)};
  policy.parties = {std::string(token.party)};
  if (token.expires_s > 0 && token.not_before_s <= token.expires_s - 1 &&
      core::callers::check_claims(token, policy, token.issuer, token.expires_s - 1) != TokenFault::kNone) {
    std::abort();
  }
  if (core::callers::check_claims(token, policy, token.issuer, token.expires_s + policy.skew_s) != TokenFault::kExpired) {
    std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  read(bytes);
  // The header, a line end, the claims.
  const std::size_t line = bytes.find('\n');
  if (line != std::string_view::npos) {
    read(base64url(bytes.substr(0, line)) + "." + base64url(bytes.substr(line + 1)) + ".c2ln");
  }
  const Exact exact(bytes);
  std::string decoded(core::callers::base64url_bytes_max(size), '\0');
  if (const auto count = core::callers::decode_base64url(exact.view(), decoded.data())) {
    if (base64url(std::string_view(decoded).substr(0, *count)) != bytes) std::abort();
  }
  if (const auto discovery = core::callers::read_discovery(exact.view());
      discovery.ok() && (discovery.value().issuer.empty() || discovery.value().keys_url.empty())) {
    std::abort();
  }
  if (const auto keys = core::callers::KeySet::read(exact.view(), "https://issuer.example", "tenant"); keys.ok()) {
    if (keys.value()->size() == 0 || keys.value()->verify("k", "text", std::string(256, 'x'))) std::abort();
  }
  return 0;
}
