#pragma once

#include <string>

#include "proxy/commands/admin_client.h"

namespace proxy::commands {

/// `claimgate approvals ...`: what the admin address of the running process is asked.
struct ApprovalsOptions {
  AdminTarget admin;
  std::string name;    // of the approval
  std::string state;   // `list`: only those; empty: all
  std::string id;
  std::string by, reason;
  bool json = false;   // `list`: the answers as they came
};

// Each answers the process's exit code: kExitFailed when the process cannot be asked or refuses.
int approvals_list(const ApprovalsOptions& options);
int approvals_show(const ApprovalsOptions& options);
/// `verb` is "approve" or "deny".
int approvals_decide(const ApprovalsOptions& options, const std::string& verb);

}  // namespace proxy::commands
