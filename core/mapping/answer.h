#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/claims/claims.h"
#include "core/config/diagnostics.h"
#include "core/decisions/decision.h"

namespace core::mapping {

/// Why a backend could not be asked. Each has a label and a sentence; neither ever holds a claim.
enum class NotAsked : std::uint8_t {
  kNone,
  kMissing,  // a claim that the path cannot do without, or one that had to be a number, is absent
  kUnfit,    // a claim cannot stand where it should: NUL, a line end in a field, ".." as a segment
  kMemory,   // the evaluation's scratch memory is exhausted
};
inline constexpr std::size_t kNotAskedCount = 4;
std::string_view label(NotAsked why) noexcept;
std::string_view describe(NotAsked why) noexcept;

/// Why an answer settles nothing. kNone: it does.
enum class Unresolved : std::uint8_t {
  kNone,
  kRow,            // a row says `unresolved`
  kNoRow,          // no row's tests hold
  kContentCoding,  // none of identity, gzip and deflate, or broken
  kTooLarge,       // larger than `response_bytes` once decoded
  kContentType,    // a row needs JSON or XML and the answer says that it is something else
  kCharset,        // a charset that is not known here
  kUtf8,           // not UTF-8, or not what its charset says
  kJson,           // no JSON (RFC 8259)
  kDuplicate,      // an object has a member twice
  kXml,            // no XML
  kDoctype,        // XML with a document type: never read
  kDepth,          // nested too deeply
  kMissing,        // the row needs a value that the answer has not
  kContract,       // `speaks: connector`: an answer that no rule can repair
};
inline constexpr std::size_t kUnresolvedCount = 15;
std::string_view label(Unresolved why) noexcept;
std::string_view describe(Unresolved why) noexcept;

/// What was not as the connector contract wants it (protocol.md a.6, a.8 and g) and was understood
/// all the same.
enum class Remark : std::uint8_t {
  kAllow,              // action `Allow`: an older spelling of Continue
  kActionCase,         // an action in other letter case
  kNoAction,           // 200 without `action`: taken for Continue
  kNoVersion,          // no `version`
  kVersionType,        // a `version` that is no string
  kBlockStatus,        // ShowBlockPage with a member `status`
  kBlockHttp,          // ShowBlockPage with an HTTP status other than 200
  kValidationStatus,   // ValidationError without `status`, or with another than 400
  kValidationHttp,     // ValidationError with an HTTP status other than 400
  kContinueHttp,       // Continue with a status of 201 to 299
  kNoMessage,          // a verdict without `userMessage`: the person gets a text of ours
  kMessageType,        // a `userMessage` that is no string
  kNullMember,         // a member that is null: dropped
  kNestedMember,       // a member that is an object or array: dropped
  kBareAttribute,      // a member that B2C ignores: it needs the prefix extension_ (a.5)
  kReservedMember,     // a member that no answer can change, such as `step` or `objectId`: dropped
  kContentType,        // JSON under another Content-Type
};
inline constexpr std::size_t kRemarkCount = 17;
std::string_view label(Remark remark) noexcept;
std::string_view describe(Remark remark) noexcept;

/// A set of remarks.
class Remarks {
 public:
  void add(Remark remark) noexcept { bits_ |= std::uint32_t{1} << static_cast<unsigned>(remark); }
  bool has(Remark remark) const noexcept {
    return ((bits_ >> static_cast<unsigned>(remark)) & 1U) != 0;
  }
  bool empty() const noexcept { return bits_ == 0; }
  std::uint32_t bits() const noexcept { return bits_; }

 private:
  std::uint32_t bits_ = 0;
};
static_assert(kRemarkCount <= 32);

/// What a backend's answer means.
struct Answer {
  static constexpr std::size_t kNoRow = static_cast<std::size_t>(-1);

  Unresolved why = Unresolved::kNone;  // kNone: `decision` holds
  decisions::Decision decision;
  std::size_t row = kNoRow;  // of `response`: the one that decided, also when it settled nothing
  config::Mark place;        // of that row; line 0 when there is none
  Remarks remarks;           // `speaks: connector` only

  bool resolved() const noexcept { return why == Unresolved::kNone; }

  /// As new, but for the memory that the next one can use: kKeptBytes of it at most.
  void renew() noexcept {
    if (decision.bytes() > kKeptBytes) decision = {};
    decision.renew();
    why = Unresolved::kNone;
    row = kNoRow;
    place = {};
    remarks = {};
  }
  static constexpr std::size_t kKeptBytes = 8 << 10;
};

/// Claims that the templates of an answer name, as they were when the question was made: whoever
/// reads the answer may have lost the request by then. Owns its bytes.
struct Kept {
  struct Value {
    claims::Kind kind = claims::Kind::kAbsent;
    std::string text;
  };
  std::vector<Value> values;
};

}  // namespace core::mapping
