#include "proxy/upstream/credentials.h"

#include <openssl/evp.h>

namespace proxy::upstream {
namespace {

bool is_word(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

void add_percent(std::string& out, char c) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  const auto byte = static_cast<unsigned char>(c);
  out += '%';
  out += kDigits[byte >> 4];
  out += kDigits[byte & 15];
}

std::string encoded(std::string_view text, std::string_view kept, bool plus) {
  std::string out;
  for (const char c : text) {
    if (is_word(c) || kept.find(c) != std::string_view::npos) {
      out += c;
    } else if (plus && c == ' ') {
      out += '+';
    } else {
      add_percent(out, c);
    }
  }
  return out;
}

}  // namespace

std::string basic_credentials(std::string_view username, std::string_view password) {
  std::string pair;
  pair.append(username).append(":").append(password);
  std::string base64(4 * ((pair.size() + 2) / 3) + 1, '\0');  // and a NUL that OpenSSL writes
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(base64.data()),
                                   reinterpret_cast<const unsigned char*>(pair.data()),
                                   static_cast<int>(pair.size()));
  base64.resize(static_cast<std::size_t>(size));
  return "Authorization: Basic " + base64 + "\r\n";
}

std::string form_encoded(std::string_view text) { return encoded(text, "*-._", true); }
std::string query_encoded(std::string_view text) { return encoded(text, "-._~", false); }

}  // namespace proxy::upstream
