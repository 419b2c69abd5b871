#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/http/message.h"
#include "proxy/lists/keeper.h"

namespace proxy::admin {

/// An answer, before it is bytes.
struct Reply {
  int status = 200;
  std::string json;                        // the body; for an error, what is wrong in words
  std::string_view allow = {};             // 405
  std::string_view www_authenticate = {};  // 401
};

/// `/lists` of the admin address (docs/lists.md, "Live changes"): which lists there are, whether a
/// value is in one, and changes of them. Values go to nobody but who asked with them. Thread: its
/// loop's.
class ListRequests {
 public:
  /// `token` is what callers must present; empty: none, then `local` must be true, which says that
  /// only this machine can connect.
  ListRequests(lists::Keeper& keeper, std::string token, bool local)
      : keeper_(keeper), token_(std::move(token)), local_(local) {}

  static bool is_meant(std::string_view path) noexcept {
    return path == "/lists" || path.starts_with("/lists/");
  }
  /// A refusal that the head alone gives rise to.
  std::optional<Reply> refuse(const core::http::Request& request) const;
  /// The answer to a complete request. Throws std::bad_alloc.
  Reply answer(const core::http::Request& request);

  static constexpr std::size_t kBodyBytesMax = 1 << 20;

 private:
  Reply overview() const;
  Reply look_up(std::size_t slot, std::string_view query) const;
  Reply change(std::size_t slot, std::string_view body);

  lists::Keeper& keeper_;
  std::string token_;
  bool local_;
};

}  // namespace proxy::admin
