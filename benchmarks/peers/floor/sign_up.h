#pragma once

#include <simdjson.h>

#include <optional>
#include <string>
#include <string_view>

#include "benchmarks/peers/floor/block_set.h"

namespace peers {

/// The rules of the work unit, written out by hand for this one job: credential, two lists, postal
/// code, two names. What a configurable server is measured against. Thread: one.
class SignUp {
 public:
  /// Loads the lists and the credential from a work unit's directory. Nothing when one is missing.
  static std::optional<SignUp> load(const std::string& directory);

  /// Appends the complete HTTP answer to `out`. `body` is followed by at least
  /// simdjson::SIMDJSON_PADDING readable bytes. Does not keep any view.
  void answer(std::string_view authorization, std::string_view body, std::string& out);

 private:
  SignUp(BlockSet domains, BlockSet people, std::string authorization);

  bool is_blocked(std::string_view email) const noexcept;

  BlockSet domains_;
  BlockSet people_;
  std::string authorization_;  // the whole field value a caller must send
  simdjson::ondemand::parser parser_;
};

/// Appends an answer with an empty body that ends the connection ("400 Bad Request").
void append_refusal(std::string_view status, std::string& out);

}  // namespace peers
