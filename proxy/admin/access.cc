#include "proxy/admin/access.h"

#include "core/gate/caller.h"
#include "core/text/text.h"

namespace proxy::admin {

std::optional<Reply> Access::refuse(const core::http::Request& request,
                                    std::string_view path) const {
  if (token_.empty() && !local_) {
    return Reply{
        403, std::string(path) + " needs a token here: write admin: { token: \"${env:NAME}\" }"};
  }
  if (!token_.empty() &&
      !core::gate::bears(request.known(core::http::Known::kAuthorization), token_)) {
    Reply reply{401, "the admin token is required"};
    reply.www_authenticate = "Bearer realm=\"claimgate\"";
    return reply;
  }
  return std::nullopt;
}

bool is_json(std::string_view type) noexcept {
  constexpr std::string_view kJson = "application/json";
  return core::text::equals_ignore_case_ascii(type.substr(0, kJson.size()), kJson) &&
         (type.size() == kJson.size() || type[kJson.size()] == ';' || type[kJson.size()] == ' ');
}

}  // namespace proxy::admin
