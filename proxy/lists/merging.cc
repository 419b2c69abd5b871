// Live changes over lists: what takes long is done on the thread pool, over a copy of the changes that costs
// some microseconds (core/lists/live.h). A change that is made meanwhile is in force at once, over the list
// that is in force; the merge it has overtaken is done again.
#include <new>
#include <utility>

#include "proxy/lists/keeper.h"
#include "proxy/log.h"

namespace proxy::lists {
namespace {

// Changes come from people and their scripts, a merge takes milliseconds: being overtaken this often means
// that it would go on for ever, and then the loop does it.
constexpr unsigned kRoundsMax = 8;

}  // namespace

std::shared_ptr<const core::lists::Overlay> Keeper::overlay(std::size_t slot,
                                                            const core::lists::List& source) const {
  const core::lists::Changes* const live = changes(slot);
  return live == nullptr ? nullptr : live->over(source, random_bits());
}

Keeper::Standing Keeper::standing() {
  Standing standing;
  for (auto& [name, journal] : journals_) {
    standing.lists.emplace(name, Standing::Of{journal.match(), journal.share()});
  }
  return standing;
}

Keeper::Table Keeper::merge(const Table& read, const std::vector<Source>& sources, Standing& standing) {
  try {
    auto table = std::make_shared<core::lists::Table>(*read);
    for (std::size_t slot = 0; slot < sources.size(); ++slot) {
      const auto known = standing.lists.find(sources[slot].definition.name);
      core::lists::Live& live = (*table)[slot];
      if (known == standing.lists.end() || known->second.match != live.source().match()) continue;
      auto overlay = known->second.changes.over(live.source(), random_bits());
      live = core::lists::Live(live.shared_source(), std::move(overlay));
    }
    return table;
  } catch (const std::bad_alloc&) {
    standing.lists.clear();
    return read;
  }
}

void Keeper::Merge::run() noexcept {
  try {
    changes.expire(now_s());
    overlay = changes.over(*source, random_bits());
  } catch (const std::bad_alloc&) {
    failed = true;
  }
}

/// Puts the live changes over what was read, or over what is in force. Throws std::bad_alloc.
void Keeper::merge(std::size_t slot) {
  Kept& kept = kept_[slot];
  if (kept.merging) return;  // its end sees to what came meanwhile
  JournalFile& journal = journals_.find(kept.source.definition.name)->second;
  auto merge = std::make_unique<Merge>();
  merge->keeper = this;
  merge->epoch = epoch_;
  merge->slot = slot;
  merge->source = kept.incoming != nullptr ? kept.incoming : now(slot).shared_source();
  merge->version = journal.changes().version();
  merge->changes = journal.share();
  merge->work.data = merge.get();
  kept.merging = true;
  uv_queue_work(
      &loop_, &merge->work, [](uv_work_t* work) { static_cast<Merge*>(work->data)->run(); },
      [](uv_work_t* work, int) {
        const std::unique_ptr<Merge> at(static_cast<Merge*>(work->data));
        at->keeper->on_merged(*at);
      });
  static_cast<void>(merge.release());
}

/// What a merge still holds is freed where it was made, not here; here when there is no memory for that.
void Keeper::retire_merge(Merge& merge) noexcept {
  try {
    retire(std::move(merge.source));
    retire(std::shared_ptr<const void>(std::move(merge.overlay)));
    retire(std::shared_ptr<const void>(std::make_shared<core::lists::Changes>(std::move(merge.changes))));
  } catch (const std::bad_alloc&) {
  }
}

void Keeper::on_merged(Merge& merge) {
  if (merge.epoch != epoch_ || stop_.load(std::memory_order_relaxed)) return retire_merge(merge);
  const std::size_t slot = merge.slot;
  Kept& kept = kept_[slot];
  JournalFile& journal = journals_.find(kept.source.definition.name)->second;
  kept.merging = false;
  try {
    if (merge.failed) throw std::bad_alloc();
    const bool replaced = kept.incoming != nullptr && kept.incoming != merge.source;
    const bool overtaken = replaced || journal.changes().version() != merge.version;
    if (overtaken && ++kept.rounds < kRoundsMax) {
      retire_merge(merge);
      return this->merge(slot);
    }
    if (overtaken) {
      const core::lists::List& source = kept.incoming != nullptr ? *kept.incoming : now(slot).source();
      journal.expire(now_s());
      retire(std::shared_ptr<const void>(std::exchange(merge.overlay, overlay(slot, source))));
    } else if (merge.changes.version() != merge.version) {
      merge.changes = journal.take(std::move(merge.changes));
    }
    kept.rounds = 0;
    if (kept.incoming != nullptr) {
      publish_incoming(slot, std::move(merge.overlay));
    } else {
      publish(slot, core::lists::Live(now(slot).shared_source(), std::move(merge.overlay)));
    }
  } catch (const std::bad_alloc&) {
    if (kept.incoming != nullptr) {
      refuse_incoming(slot);
    } else {
      log::error("list \"{}\": no memory to take out what has expired", kept.source.definition.name);
    }
  }
  retire_merge(merge);
}

/// Puts what was read into force. Throws std::bad_alloc and has done nothing then.
void Keeper::publish_incoming(std::size_t slot, std::shared_ptr<const core::lists::Overlay> overlay) {
  Kept& kept = kept_[slot];
  publish(slot, core::lists::Live(kept.incoming, std::move(overlay)));
  kept.source.origin = std::move(kept.incoming_origin);
  const std::string& name = kept.source.definition.name;
  for (const core::lists::BadLine& bad : kept.incoming->bad_lines()) {
    log::warn("list \"{}\": line {}: left out: {}", name, bad.line, bad.message);
  }
  log::info("list \"{}\" was read again: {} entries", name, kept.incoming->size());
  kept.incoming.reset();  // the table has it
}

/// There is no memory for what was read. The next look reads it again.
void Keeper::refuse_incoming(std::size_t slot) {
  Kept& kept = kept_[slot];
  retire(std::move(kept.incoming));
  kept.incoming = nullptr;
  ++kept.failures;
  kept.last_failure = "no memory for it";
  log::error("list \"{}\" stays as it was: {}", kept.source.definition.name, kept.last_failure);
}

}  // namespace proxy::lists
