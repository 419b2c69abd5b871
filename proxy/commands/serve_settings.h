#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "core/callers/token_verifier.h"
#include "core/config/config.h"
#include "proxy/commands/configuration.h"
#include "proxy/net/server.h"

/// What `serve` makes of a configuration's settings before anything runs. Thread: the main one.
namespace proxy::commands {

/// What connections of a worker may cost; its memory is not divided yet.
net::ServerLimits server_limits(const core::config::Limits& limits);

/// What a worker verifies callers' tokens with, but for the seed.
core::callers::TokenVerifier::Options token_options(const core::config::Limits& limits);

/// What a listener believes of those in front of it.
net::Front front_of(const core::config::Listener& listener);

/// Whether the log names the subject of a caller's certificate that a connector refuses.
bool logs_subjects(const core::config::Config& of);

/// The keys that differ between two configurations and are only read at the start.
std::vector<std::string> needs_restart(const core::config::Config& old,
                                       const core::config::Config& fresh);

/// Root does not listen where other machines can connect, unless the configuration says so: an error at
/// the listener's place.
void refuse_root(Configuration& configuration);

/// Connections and their neighbours need descriptors: the soft limit goes up to the hard one. How many
/// that are.
std::size_t raise_descriptor_limit();

}  // namespace proxy::commands
