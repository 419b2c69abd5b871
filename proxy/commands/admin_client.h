#pragma once

#include <string>

#include "core/result.h"

namespace proxy::commands {

/// Where the admin address of a running process is, for the commands that talk to it.
struct AdminTarget {
  std::string config;  // the configuration that says it; empty: `url` alone
  std::string url;     // instead of the address in it: "http://127.0.0.1:9090"; its token is then in
                       // the environment, CLAIMGATE_ADMIN_TOKEN
};

struct AdminAnswer {
  int status = 0;
  std::string body;
};

/// Asks it, once; blocks for at most ten seconds. `path` with its query; a `body` is JSON and goes by POST.
/// The error says why there is no answer, for a person.
core::Result<AdminAnswer, std::string> ask_admin(const AdminTarget& target, const std::string& path,
                                                 const std::string& body = {});

/// `text` percent-encoded for a query.
std::string query_text(const std::string& text);

/// Says on standard error why it did not come about; kExitFailed.
int admin_failed(const std::string& why);
/// The answer's body. Anything but 200 is reported, and in `code` then; kExitOk else.
std::string admin_body(core::Result<AdminAnswer, std::string> asked, int& code);

}  // namespace proxy::commands
