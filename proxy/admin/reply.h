#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace proxy::admin {

/// An answer, before it is bytes.
struct Reply {
  int status = 200;
  std::string json;                        // the body; for an error, what is wrong in words
  std::string_view allow = {};             // 405
  std::string_view www_authenticate = {};  // 401
};

/// What is wrong, in words.
inline Reply error(int status, std::string words) { return {status, std::move(words)}; }

}  // namespace proxy::admin
