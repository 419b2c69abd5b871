#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "core/approvals/graph.h"
#include "core/secret.h"

namespace proxy::state {

/// Where Microsoft Graph is, and who asks it.
struct GraphOptions {
  std::string tenant;     // of the token: a GUID or a domain
  std::string client_id;
  core::Secret client_secret;
  std::string authority;  // "https://login.microsoftonline.com", no slash behind it
  std::string url;        // "https://graph.microsoft.com", the same
  std::string ca;         // a PEM file; empty: the system's authorities
  core::approvals::GraphTerms terms;
};

/// Creates accounts through Microsoft Graph (protocol.md c.2). Calls block, for some seconds each; the token
/// is kept until a minute before its end. Thread: one.
class GraphClient {
 public:
  /// `stop` cuts calls short when it becomes true; it outlives the client.
  GraphClient(GraphOptions options, const std::atomic<bool>& stop) : options_(std::move(options)), stop_(stop) {}

  struct Created {
    core::approvals::CallOutcome outcome = core::approvals::CallOutcome::kRetry;
    std::string why;  // "created", "invited", or what the answer says, without anything personal
  };
  /// Makes the account of what an approval has kept. `now_s` is Unix time.
  Created create(std::string_view kept, std::int64_t now_s);

 private:
  struct Answer {
    int status = 0;  // 0: there was none
    std::string body;
    std::string why;
  };
  bool have_token(std::int64_t now_s, std::string& why);
  Answer call(const char* method, const std::string& url, const std::string& body, const char* type, bool bears);
  Created judge(core::approvals::AccountCase is, const Answer& answer);

  const GraphOptions options_;
  const std::atomic<bool>& stop_;
  core::Secret token_;
  std::int64_t token_until_s_ = 0;
};

}  // namespace proxy::state
