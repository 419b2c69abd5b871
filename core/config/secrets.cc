#include "core/config/secrets.h"

#include "core/secret.h"

namespace core::config {

void wipe_secrets(Config& config, bool all) noexcept {
  for (Connector& connector : config.connectors) {
    for (Credential& credential : connector.basic) wipe(credential.password.value);
    for (Text& token : connector.bearer) wipe(token.value);
    if (!connector.api_key) continue;
    for (Text& key : connector.api_key->values) wipe(key.value);
  }
  for (Backend& backend : config.backends) {
    BackendAuth& auth = backend.auth;
    for (Text* secret : {&auth.password, &auth.token, &auth.value, &auth.client_secret})
      wipe(secret->value);
  }
  if (!all) return;
  wipe(config.admin_token.value);
  wipe(config.capture.secret.value);
  for (Text& key : config.state.keys) wipe(key.value);
  wipe(config.state.redis.password.value);
  for (Approval& approval : config.approvals) {
    if (approval.graph) wipe(approval.graph->client_secret.value);
  }
  for (Sink& sink : config.sinks) {
    for (Text& secret : sink.secrets) wipe(secret.value);
    wipe(sink.password.value);
    for (auto& [name, value] : sink.headers) wipe(value.value);
  }
  for (Text& key : config.pseudonyms.keys) wipe(key.value);
}

}  // namespace core::config
