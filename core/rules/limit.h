#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/decisions/key.h"
#include "core/rules/template.h"

namespace core::rules {

/// One member of `velocity`, compiled: what is counted, by what, and how much of it is too much.
struct Limit {
  static constexpr std::uint32_t kNone = 0xFFFFFFFF;

  std::string name;
  std::uint32_t number = 0;  // of the configuration, in its order
  std::vector<Subject> key;
  std::uint64_t window_ms = 0;
  std::uint32_t at_most = 1;
  bool accounts = false;  // counted are accounts that come to be, else attempts
  bool shared = false;    // by machines: it is counted in the state
  /// Parts of keys. The first follows from the name alone: a counter goes on through every change of
  /// the configuration. The second also from the connector, whose requests are no other's.
  decisions::Key of_name, of_connector;
};

/// The parts of keys that follow from names.
decisions::Key limit_part(std::string_view limit, std::string_view connector);

/// The key of the counter for the claims as they are now. False when there is none: the request has
/// none of the values, or the evaluation's memory is exhausted. A value that is missing or empty beside
/// one that is there is a value like others, so that leaving a field of the form blank leads around no
/// limit.
bool counter_key(const Limit& limit, const decisions::Seed& seed, Evaluation& evaluation,
                 decisions::Key& key) noexcept;

/// The key of a request, by the hash of its body with a key of the process: what the caller's retry has in common with it
/// (protocol.md a.9). `salt` keeps requests apart that are none; 0 in production.
decisions::Key request_key(const Limit& limit, const decisions::Key& body,
                           std::uint64_t salt) noexcept;

}  // namespace core::rules
