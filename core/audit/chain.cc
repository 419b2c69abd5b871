#include "core/audit/chain.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <cstdint>
#include <span>

#include "core/text/hex.h"

namespace core::audit {
namespace {

constexpr std::string_view kMember = ",\"chain\":\"";
constexpr std::string_view kEnd = "\"}";

}  // namespace

std::string Chain::digest(std::string_view content) const {
  std::string text;
  text.reserve(head_.size() + content.size());
  text.append(head_).append(content);
  const auto* const bytes = reinterpret_cast<const unsigned char*>(text.data());
  std::uint8_t out[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  const std::string_view key = key_.view();
  if (key.empty()) {
    EVP_Digest(bytes, text.size(), out, &size, EVP_sha256(), nullptr);
  } else {
    HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), bytes, text.size(), out, &size);
  }
  std::string hex;
  text::append_hex(hex, std::span<const std::uint8_t>(out, size));
  return hex;
}

void Chain::seal(std::string& line) {
  head_ = digest(line);
  line.append(kMember).append(head_).append(kEnd).append("\n");
}

bool Chain::follows(std::string_view line) {
  const std::optional<std::string_view> told = chain_of(line);
  if (!told) return false;
  std::string wanted = digest(line.substr(0, line.size() - kEnd.size() - kDigestChars - kMember.size()));
  if (wanted != *told) return false;
  head_ = std::move(wanted);
  return true;
}

std::optional<std::string_view> chain_of(std::string_view line) noexcept {
  constexpr std::size_t kTail = kMember.size() + Chain::kDigestChars + kEnd.size();
  if (line.size() < kTail || !line.ends_with(kEnd)) return std::nullopt;
  const std::string_view tail = line.substr(line.size() - kTail);
  const std::string_view digest = tail.substr(kMember.size(), Chain::kDigestChars);
  const bool hex = std::all_of(digest.begin(), digest.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
  });
  if (!tail.starts_with(kMember) || !hex) return std::nullopt;
  return digest;
}

}  // namespace core::audit
