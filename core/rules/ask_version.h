#pragma once

#include "core/config/config.h"
#include "core/decisions/key.h"

namespace core::rules {

/// What a rule of `connector` and the mapping of the backend it asks say, and the names of connector
/// and backend, as a number: a part of every key, so
/// that a decision made under other words is not found any more, and one made under the same words
/// is, whatever else a reload has changed. Lifetimes, endpoints, credentials, limits and the texts
/// of messages are no part of it: a decision is the same whatever they are.
decisions::Key version_of(const config::Rule& rule, const config::Backend& backend,
                          std::string_view connector);

/// The same of a rule that asks a workflow.
decisions::Key version_of(const config::Rule& rule, std::string_view workflow, std::string_view connector);

}  // namespace core::rules
