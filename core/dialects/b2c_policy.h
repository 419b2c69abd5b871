#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/arena.h"
#include "core/claims/claims.h"
#include "core/config/dialect_name.h"
#include "core/dialects/words.h"
#include "core/http/message.h"
#include "core/http/out_buffer.h"
#include "core/rules/evaluation.h"
#include "core/rules/verdict.h"

/// The wire contract of custom policies' RESTful technical profiles (protocol.md, section b). The
/// author of the policy chooses where claims are and what they are called.
///
/// Claims that do not come as a JSON object are written as one first (compose()): everything behind
/// it, captures, retries and questions to backends included, sees the body that a profile with
/// `SendClaimsIn` Body would have sent.
namespace core::dialects::b2c_policy {

/// A claim that policy and rules call by different names.
struct Renamed {
  claims::NameId ours = claims::kNoName;
  claims::NameId theirs = claims::kNoName;
  std::string name;  // theirs
};
inline constexpr std::size_t kRenamedMax = 64;

/// The places of claims in a URL, behind the connector's path.
struct UrlTemplate {
  struct Part {
    std::string name;   // a claim's as the policy calls it, or the text that has to be there
    bool claim = false;
  };
  std::vector<Part> segments;
  struct Parameter {
    std::string name;   // in the query, decoded
    std::string claim;  // as the policy calls it
  };
  std::vector<Parameter> parameters;
};

/// Reads "/{email}/x?lang={locale}". Null, or what is wrong with it.
const char* parse_url_template(std::string_view text, UrlTemplate& out);

/// One connector's contract. Immutable.
struct Contract {
  config::ClaimsIn claims_in = config::ClaimsIn::kBody;
  std::string payload;  // the claim that the whole body is; empty: none
  std::string path;     // kUrl: in front of the template, without a '/' at its end
  UrlTemplate url;
  std::vector<Renamed> names;
  std::string key_parameter;  // an API key in the query: no claim
  bool debug = false;
  claims::NameId request_id = claims::kNoName;
  std::string more_info;  // the inside of a JSON string
  std::string connector;  // the same

  bool composes() const noexcept {
    return claims_in != config::ClaimsIn::kBody || !payload.empty();
  }
};

/// Why a request's claims cannot be read. Each is answered with 400.
enum class Fault : std::uint8_t {
  kNone,
  kPercent,    // '%' without two hexadecimal digits
  kCharacter,  // a byte that has to be percent-encoded
  kPair,       // a pair without name or '='
  kTwice,      // a header field came more than once
  kPath,       // other segments than the template's
  kPayload,    // the body is not one JSON value
  kTooLarge,   // no room for the claims
};
/// For the caller; has nothing of the request.
const char* describe(Fault fault) noexcept;

/// Writes the claims of `request` as a JSON object over `out`, without its last `padding` bytes: `size`
/// bytes. Names are the policy's. UTF-8 and names that come twice are left to claims::read(), except
/// in header fields: a value that is not UTF-8 is taken as ISO 8859-1 (protocol.md b.1). One pass;
/// never allocates. Any thread.
Fault compose(const Contract& contract, const http::Request& request, std::size_t depth_max,
              std::span<char> out, std::size_t& size) noexcept;

/// The bytes that compose() may need for a request of `bytes`: each byte of a name or value may
/// become two, and each pair has four quotation marks, colon and comma.
constexpr std::size_t composed_max(std::size_t bytes) noexcept { return bytes * 4 + 1024; }

/// Whether a path is the contract's path with the template's number of segments behind it.
bool is_below(const Contract& contract, std::string_view path) noexcept;

/// Gives claims that came by the policy's names those of rules. Where both came the policy's counts.
/// Answers repeat the policy's.
void rename(const Contract& contract, claims::Claims& claims) noexcept;

/// The HTTP status of an answer: 200 or 409 (b.4).
constexpr int status(rules::VerdictKind kind) noexcept {
  return kind == rules::VerdictKind::kContinue ? 200 : 409;
}

/// Writes the claims that rules have set, never `null`; {} when there are none. False when `out` is
/// full.
bool write_continue(const Contract& contract, http::OutBuffer& out,
                    const rules::Evaluation& evaluation) noexcept;

/// What debug members say besides the verdict.
struct Debug {
  std::string_view rule = {};        // that decided; empty: `otherwise`
  std::string_view request_id = {};  // anything but a GUID is left out
};

/// Writes an error answer. False when `out` is full.
bool write_message(const Contract& contract, http::OutBuffer& out, rules::VerdictKind kind,
                   const Words& words, const Debug& debug) noexcept;

}  // namespace core::dialects::b2c_policy
