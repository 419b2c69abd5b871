#pragma once

#include <memory>
#include <string>

#include "core/config/config.h"
#include "proxy/state/store.h"
#include "proxy/telemetry/metrics.h"

/// What `serve` opens for `state`. Thread: the main one.
namespace proxy::commands {

/// Opens what `of` says; null when it says nothing, or when it cannot be opened: then `why` says it.
/// Blocks while a database is checked.
std::unique_ptr<state::Store> open_state(const core::config::State& of, std::string& why);

/// Adds its metrics; it must live as long as they are asked for.
void add_state_metrics(telemetry::Metrics& metrics, const core::config::State& of, const state::Store& store);

/// The keys of `state` that differ.
bool state_differs(const core::config::State& old, const core::config::State& fresh);

}  // namespace proxy::commands
