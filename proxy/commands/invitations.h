#pragma once

#include <cstdint>
#include <string>

#include "proxy/commands/admin_client.h"

namespace proxy::commands {

/// `claimgate invitations ...`: what the admin address of the running process is asked.
struct InvitationsOptions {
  AdminTarget admin;
  std::string name;   // of the invitation
  std::string id;     // or the code itself: it is hashed here and not sent
  std::string state;  // `list`: only those; empty: all
  std::string by, reason;
  std::uint32_t count = 1, uses = 1;            // `create`, as the next
  std::string expires, address, domain, note;  // empty: not said
  bool json = false;  // `create`, `list`: the answers as they came
};

// Each answers the process's exit code: kExitFailed when the process cannot be asked or refuses.
/// Prints the codes, one a line: nobody can have them again.
int invitations_create(const InvitationsOptions& options);
int invitations_list(const InvitationsOptions& options);
int invitations_show(const InvitationsOptions& options);
int invitations_revoke(const InvitationsOptions& options);

}  // namespace proxy::commands
