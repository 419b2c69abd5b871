#pragma once

#include <string>

#include "proxy/commands/admin_client.h"

namespace proxy::commands {

/// `claimgate events ...`: what the admin address of the running process is asked.
struct EventsOptions {
  AdminTarget admin;
  std::string sink;
  bool dead = false;  // `purge`: the dead letters instead of what waits
  bool json = false;  // `list`, `dead`: the answers as they came
};

// Each answers the process's exit code: kExitFailed when the process cannot be asked or refuses.
int events_list(const EventsOptions& options);
int events_dead(const EventsOptions& options);
int events_replay(const EventsOptions& options);
int events_purge(const EventsOptions& options);

}  // namespace proxy::commands
