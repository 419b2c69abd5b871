#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "core/events/cloud_event.h"
#include "core/events/plan.h"
#include "core/events/pseudonyms.h"

namespace core::events {

/// What is known of the request that an event is about, besides its values. The texts are JSON strings,
/// quotation marks included, but for `connector`.
struct About {
  std::string_view connector;  // its name
  std::string_view step;       // empty: none
  std::string_view verdict;    // "block"
  std::string_view rule;       // that emitted it, or that decided; empty: none
};

/// Makes the event of `plan` about a request: only what the plan names is in it, each value by its
/// treatment. `values` are those of its subjects. `event` keeps its memory from one to the next; its id
/// and time are left to the caller.
void render(const Plan& plan, const About& about, const std::vector<TakenValue>& values,
            const Pseudonyms& pseudonyms, CloudEvent& event);

/// Makes the event of `plan` about a change of an approval: its name and the id of the one it is about, which
/// is the partition key as well. Ids and time are left to the caller, as above.
void render_approval(const Plan& plan, std::string_view approval, std::string_view id, std::string_view change,
                     CloudEvent& event);

/// Appends the hash of several values, and nothing when all of them are missing: of one it is the hash
/// of its text, of more that of their texts with U+001F between them.
void append_hash_of(std::string& to, const std::vector<TakenValue>& values,
                    const std::vector<std::uint32_t>& which, const Pseudonyms& pseudonyms);

}  // namespace core::events
