#pragma once

#include "core/config/config.h"
#include "core/decisions/key.h"

namespace core::rules {

/// What a rule and the mapping of the backend it asks say, as a number: a part of every key, so
/// that a decision made under other words is not found any more, and one made under the same words
/// is, whatever else a reload has changed. Lifetimes, endpoints, credentials, limits and the texts
/// of messages are no part of it: a decision is the same whatever they are.
decisions::Key version_of(const config::Rule& rule, const config::Backend& backend);

}  // namespace core::rules
