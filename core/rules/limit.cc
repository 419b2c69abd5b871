#include "core/rules/limit.h"

#include "core/rules/evaluation.h"

namespace core::rules {
namespace {

constexpr std::uint64_t kOfCounter = 3;  // what a key is made from, beside those of ask.cc

/// A hash and what it is of. The hash is random to whoever does not have its key, so two of them that
/// differ by the parts, which everybody may know, are as hard to find as two that are equal; and a
/// round of SipHash for each word of the parts is saved.
decisions::Key of(const decisions::Key& part, const decisions::Key& hash) noexcept {
  return {part.low ^ hash.low, part.high ^ hash.high};
}

}  // namespace

decisions::Key limit_part(std::string_view limit, std::string_view connector) {
  decisions::KeyHash hash(decisions::Seed{});
  hash.add(limit);
  hash.add(connector);
  return hash.finish();
}

bool counter_key(const Limit& limit, const decisions::Seed& seed, Evaluation& evaluation,
                 decisions::Key& key) noexcept {
  decisions::KeyHash hash(seed);
  hash.add_number(kOfCounter);
  bool any = false;
  for (const Subject& subject : limit.key) {
    const std::string_view value = evaluation.text_of(subject);
    if (value.empty()) {
      hash.add_absent();
    } else {
      hash.add(value);
      any = true;
    }
  }
  key = of(limit.of_name, hash.finish());
  return any && !evaluation.arena().exhausted();
}

decisions::Key request_key(const Limit& limit, const decisions::Key& body,
                           std::uint64_t salt) noexcept {
  decisions::Key key = of(limit.of_connector, body);
  key.high += salt;
  return key;
}

}  // namespace core::rules
