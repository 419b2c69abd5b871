#pragma once

#include <spdlog/spdlog.h>

namespace proxy {

/// The program's own messages, one a line on stderr: "claimgate: listening on ...". Never on the
/// request path, never with a claim, a credential or a query. Thread: any.
void open_log();

}  // namespace proxy
