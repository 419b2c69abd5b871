#pragma once

#include "core/config/config.h"

namespace core::config {

/// Overwrites the credentials of callers and of backends in `config`, once what needs them has
/// taken them over: a configuration is kept for what a reload compares, and they are no part of
/// that. With `all` also the admin token and the secret of the capture. What stood in the files and
/// in the YAML reader's own memory is not reached.
void wipe_secrets(Config& config, bool all) noexcept;

}  // namespace core::config
