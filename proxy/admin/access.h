#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/http/message.h"
#include "proxy/admin/reply.h"

namespace proxy::admin {

/// Who may use the parts of the admin address that show or change something: whoever has its token,
/// or, where it has none, whoever is on this machine. Immutable; any thread.
class Access {
 public:
  /// `token` is what callers must present; empty: none, then `local` must be true, which says that
  /// only this machine can connect.
  Access(std::string token, bool local) : token_(std::move(token)), local_(local) {}

  /// A refusal, of what is called `path`; nothing when the caller may go on.
  std::optional<Reply> refuse(const core::http::Request& request, std::string_view path) const;

 private:
  std::string token_;
  bool local_;
};

/// True for application/json, with any parameters. A page in somebody's browser on this machine
/// cannot send this type without being asked first.
bool is_json(std::string_view type) noexcept;

}  // namespace proxy::admin
