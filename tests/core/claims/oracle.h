#pragma once

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "tests/core/claims/body.h"

namespace claims_test {

/// Reads a body with read() and with simdjson's DOM and tells where they differ. They are meant to
/// differ in a few things, each of which is checked for itself:
///  - a number that no double or 64-bit integer holds: simdjson refuses it;
///  - members twice, half surrogate pairs, more than 512 levels: read() refuses them;
///  - a byte order mark: older simdjson takes it for a syntax error, so it does not get to see it;
///    a second one behind it is a syntax error, where newer simdjson would skip it.
class Oracle {
 public:
  Oracle() { worker_.limits.depth_max = kDepthMax; }

  /// What they do not agree on; empty when they agree.
  std::string disagreement(std::string_view body) {
    using core::claims::ReadError;
    const Body ours(body, kPaddings[turn_++ % std::size(kPaddings)]);
    const ReadError error = worker_.read(ours).error;
    constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
    if (body.starts_with(kByteOrderMark)) body.remove_prefix(kByteOrderMark.size());
    if (body.starts_with(kByteOrderMark)) {
      return error == ReadError::kNone ? "a second byte order mark is accepted" : "";
    }
    const simdjson::padded_string padded(body);
    simdjson::dom::element root;
    if (const auto theirs = parser_.parse(padded).get(root); theirs != simdjson::SUCCESS) {
      if (error != ReadError::kNone && error != ReadError::kNotAnObject) return {};
      // Newer versions have an error of its own for large integers; older ones do not know its
      // name.
      const bool range =
          theirs == simdjson::NUMBER_ERROR ||
          std::string_view(simdjson::error_message(theirs)).starts_with("BIGINT_ERROR");
      if (range && numbers_follow_the_grammar(body)) return {};
      if (theirs == simdjson::DEPTH_ERROR) return {};
      return std::string("accepted, simdjson: ") + simdjson::error_message(theirs);
    }
    simdjson::dom::object object;
    if (root.get(object) != simdjson::SUCCESS) {
      return error == ReadError::kNotAnObject || is_policy(error, body) ? "" : refused(error);
    }
    if (error == ReadError::kDuplicate) return has_duplicate(object) ? "" : refused(error);
    if (error != ReadError::kNone) return is_policy(error, body) ? "" : refused(error);
    if (has_duplicate(object)) return "accepted a member twice";
    ++accepted_;
    return compare(object);
  }

  /// How many bodies both accepted and gave the same claims for.
  std::size_t accepted() const noexcept { return accepted_; }

 private:
  static constexpr std::uint16_t kDepthMax = 512;

  static std::string refused(core::claims::ReadError error) {
    return "simdjson accepts, refused: " + std::string(core::claims::describe(error));
  }

  /// Refusals of read() alone; each must have its cause in the body.
  static bool is_policy(core::claims::ReadError error, std::string_view body) {
    if (error == core::claims::ReadError::kDepth) {
      const auto opens = [](char c) { return c == '[' || c == '{'; };
      return std::count_if(body.begin(), body.end(), opens) >= std::ptrdiff_t{kDepthMax};
    }
    if (error == core::claims::ReadError::kSurrogate) {
      for (std::size_t at = body.find("\\u"); at != body.npos; at = body.find("\\u", at + 1)) {
        const std::string_view digits = body.substr(at + 2, 2);
        if (digits.size() == 2 && (digits[0] == 'd' || digits[0] == 'D') && digits[1] >= '8') {
          return true;
        }
      }
    }
    return false;
  }

  /// RFC 8259 section 6, for everything outside strings that looks like a number.
  static bool numbers_follow_the_grammar(std::string_view body) {
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    bool inside = false;
    for (std::size_t at = 0; at < body.size(); ++at) {
      const char c = body[at];
      if (inside) {
        if (c == '\\') ++at;
        if (c == '"') inside = false;
        continue;
      }
      if (c == '"') inside = true;
      if (!is_digit(c) && c != '-' && c != '+' && c != '.') continue;
      const std::size_t end = std::min(body.find_first_not_of("0123456789+-.eE", at), body.size());
      std::string_view number = body.substr(at, end - at);
      at = end - 1;
      const auto digits = [&] {
        const std::size_t count = std::min(number.find_first_not_of("0123456789"), number.size());
        number.remove_prefix(count);
        return count;
      };
      if (number.starts_with('-')) number.remove_prefix(1);
      const bool zero = number.starts_with('0');
      const std::size_t whole = digits();
      if (whole == 0 || (zero && whole > 1)) return false;
      if (number.starts_with('.')) {
        number.remove_prefix(1);
        if (digits() == 0) return false;
      }
      if (number.starts_with('e') || number.starts_with('E')) {
        number.remove_prefix(1);
        if (number.starts_with('+') || number.starts_with('-')) number.remove_prefix(1);
        if (digits() == 0) return false;
      }
      if (!number.empty()) return false;
    }
    return true;
  }

  bool has_duplicate(simdjson::dom::object object) const {
    std::set<std::pair<core::claims::NameId, std::string>> seen;
    for (const auto field : object) {
      const core::claims::NameId id = worker_.names.find(field.key);
      const bool known = id != core::claims::kNoName;
      if (!seen.emplace(id, known ? std::string() : std::string(field.key)).second) return true;
    }
    return false;
  }

  std::string compare(simdjson::dom::object object) {
    std::size_t known = 0;
    for (const auto field : object) {
      const core::claims::NameId id = worker_.names.find(field.key);
      if (id == core::claims::kNoName) continue;
      ++known;
      const core::claims::Claim& claim = std::as_const(worker_.claims)[id];
      if (claim.name != field.key) return "another name: " + std::string(claim.name);
      if (claim.kind != kind_of(field.value.type())) return "another kind: " + claim_text(claim);
      std::string_view text;
      if (field.value.get(text) == simdjson::SUCCESS) {
        if (claim.value != text) return "another string: " + claim_text(claim);
        continue;
      }
      simdjson::dom::element again;
      if (value_parser_.parse(claim.value.data(), claim.value.size()).get(again) !=
              simdjson::SUCCESS ||
          simdjson::minify(again) != simdjson::minify(field.value)) {
        return "another value: " + claim_text(claim);
      }
    }
    for (std::size_t id = 0; id < worker_.names.size(); ++id) {
      const auto& claim = std::as_const(worker_.claims)[static_cast<core::claims::NameId>(id)];
      known -= claim.kind != core::claims::Kind::kAbsent ? 1U : 0U;
    }
    return known == 0 ? "" : "a claim left over or missing";
  }

  static core::claims::Kind kind_of(simdjson::dom::element_type type) {
    using core::claims::Kind;
    switch (type) {
      case simdjson::dom::element_type::STRING:
        return Kind::kString;
      case simdjson::dom::element_type::BOOL:
        return Kind::kBoolean;
      case simdjson::dom::element_type::NULL_VALUE:
        return Kind::kNull;
      case simdjson::dom::element_type::ARRAY:
        return Kind::kArray;
      case simdjson::dom::element_type::OBJECT:
        return Kind::kObject;
      default:
        return Kind::kNumber;
    }
  }
  static std::string claim_text(const core::claims::Claim& claim) {
    return std::string(claim.name) + " = " + std::string(claim.value);
  }

  Worker worker_{"extension_loyaltyTier", "extension_customerNumber", "x", "a b", "a\"b", ""};
  simdjson::dom::parser parser_;
  simdjson::dom::parser value_parser_;
  std::size_t turn_ = 0;
  std::size_t accepted_ = 0;
};

}  // namespace claims_test
