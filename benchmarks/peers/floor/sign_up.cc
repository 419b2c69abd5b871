#include "benchmarks/peers/floor/sign_up.h"

#include <array>
#include <charconv>
#include <cstdint>
#include <utility>

#include "benchmarks/peers/floor/title_case.h"
#include "benchmarks/whole_file.h"

namespace peers {
namespace {

constexpr std::string_view kBlock =
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nCache-Control: no-store\r\n"
    "Content-Length: 88\r\n\r\n"
    R"({"version":"1.0.0","action":"ShowBlockPage","userMessage":"Sign-up is not open to you."})";
constexpr std::string_view kRefusePostalCode =
    "HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\nCache-Control: no-store\r\n"
    "Content-Length: 107\r\n\r\n"
    R"({"version":"1.0.0","status":400,"action":"ValidationError",)"
    R"("userMessage":"Enter a five-digit postal code."})";
constexpr std::string_view kUnauthorized =
    "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"sign-up\"\r\n"
    "Content-Length: 0\r\n\r\n";
// The length of the body is written over the blanks once it is known: HTTP allows white space
// before a field value (RFC 9110, 5.5), and the answer stays one flat piece.
constexpr std::string_view kContinueHead =
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nCache-Control: no-store\r\n"
    "Content-Length:      \r\n\r\n";
constexpr std::size_t kLengthDigitsMax = 5;
constexpr std::size_t kNameBytesMax = 1024;  // B2C stores 64 characters
constexpr std::size_t kEmailBytesMax = 320;  // 64 + @ + 255 (RFC 5321, 4.5.3.1)

static_assert(kBlock.size() - kBlock.find("\r\n\r\n") - 4 == 88);
static_assert(kRefusePostalCode.size() - kRefusePostalCode.find("\r\n\r\n") - 4 == 107);

/// Whether the two are the same, in a time that does not tell where they differ.
bool same_secret(std::string_view a, std::string_view b) noexcept {
  if (a.size() != b.size()) return false;
  unsigned difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i) difference |= static_cast<unsigned>(a[i] ^ b[i]);
  return difference == 0;
}

bool is_postal_code(std::string_view text) noexcept {
  if (text.size() != 5) return false;
  for (const char c : text) {
    if (c < '0' || c > '9') return false;
  }
  return true;
}

struct Claims {
  std::string_view email, given_name, surname, postal_code;
};

/// One pass in document order. The key's length picks the claim, so a member nobody asked for
/// costs one comparison. False when the text is no JSON object.
bool read_claims(simdjson::ondemand::parser& parser, std::string_view body, Claims& claims) {
  simdjson::ondemand::document document;
  const simdjson::padded_string_view padded(body.data(), body.size(),
                                            body.size() + simdjson::SIMDJSON_PADDING);
  if (parser.iterate(padded).get(document)) return false;
  simdjson::ondemand::object object;
  if (document.get_object().get(object)) return false;
  for (auto member : object) {
    std::string_view key;
    if (member.unescaped_key().get(key)) return false;
    std::string_view* wanted = nullptr;
    switch (key.size()) {
      case 5:
        wanted = key == "email" ? &claims.email : nullptr;
        break;
      case 7:
        wanted = key == "surname" ? &claims.surname : nullptr;
        break;
      case 9:
        wanted = key == "givenName" ? &claims.given_name : nullptr;
        break;
      case 10:
        wanted = key == "postalCode" ? &claims.postal_code : nullptr;
        break;
      default:
        break;
    }
    if (wanted != nullptr && member.value().get_string().get(*wanted)) return false;
  }
  const char* rest = nullptr;  // out of bounds: nothing follows the object
  return document.current_location().get(rest) == simdjson::OUT_OF_BOUNDS &&
         claims.given_name.size() <= kNameBytesMax && claims.surname.size() <= kNameBytesMax;
}

void append_continue(const Claims& claims, std::string& out) {
  const std::size_t length_at = out.size() + kContinueHead.size() - 4 - kLengthDigitsMax;
  out += kContinueHead;
  const std::size_t body_at = out.size();
  out += R"({"version":"1.0.0","action":"Continue","givenName":")";
  append_title_case(claims.given_name, out);
  out += R"(","surname":")";
  append_title_case(claims.surname, out);
  out += "\"}";
  std::to_chars(out.data() + length_at, out.data() + length_at + kLengthDigitsMax,
                out.size() - body_at);
}

}  // namespace

SignUp::SignUp(BlockSet domains, BlockSet people, std::string authorization)
    : domains_(std::move(domains)),
      people_(std::move(people)),
      authorization_(std::move(authorization)) {}

std::optional<SignUp> SignUp::load(const std::string& directory) {
  auto domains = BlockSet::load(directory + "/blocked-domains.txt");
  auto people = BlockSet::load(directory + "/blocked-people.txt");
  simdjson::dom::parser parser;
  std::string_view authorization;
  if (!domains || !people ||
      parser.load(directory + "/manifest.json")["authorization"].get(authorization)) {
    return std::nullopt;
  }
  return SignUp(std::move(*domains), std::move(*people), std::string(authorization));
}

bool SignUp::is_blocked(std::string_view email) const noexcept {
  if (email.size() > kEmailBytesMax) return false;  // longer than any entry
  std::array<char, kEmailBytesMax> lowered;
  std::size_t domain_at = email.size();
  for (std::size_t i = 0; i < email.size(); ++i) {
    const char c = email[i];
    lowered[i] = static_cast<char>(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
    if (c == '@') domain_at = i + 1;
  }
  const std::string_view whole(lowered.data(), email.size());
  return domains_.contains(whole.substr(domain_at)) || people_.contains(whole);
}

void SignUp::answer(std::string_view authorization, std::string_view body, std::string& out) {
  if (!same_secret(authorization, authorization_)) {
    out += kUnauthorized;
    return;
  }
  Claims claims;
  if (!read_claims(parser_, body, claims)) return append_refusal("400 Bad Request", out);
  if (is_blocked(claims.email)) {
    out += kBlock;
  } else if (!is_postal_code(claims.postal_code)) {
    out += kRefusePostalCode;
  } else {
    append_continue(claims, out);
  }
}

void append_refusal(std::string_view status, std::string& out) {
  out += "HTTP/1.1 ";
  out += status;
  out += "\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
}

}  // namespace peers
