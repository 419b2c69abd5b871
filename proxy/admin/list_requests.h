#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/http/message.h"
#include "proxy/admin/access.h"
#include "proxy/admin/reply.h"
#include "proxy/lists/keeper.h"

namespace proxy::admin {

/// `/lists` of the admin address (docs/lists.md, "Live changes"): which lists there are, whether a
/// value is in one, and changes of them. Values go to nobody but who asked with them. Thread: its
/// loop's.
class ListRequests {
 public:
  ListRequests(lists::Keeper& keeper, Access access)
      : keeper_(keeper), access_(std::move(access)) {}

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
  Access access_;
};

}  // namespace proxy::admin
