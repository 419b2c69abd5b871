#include "proxy/lists/keeper.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <new>
#include <type_traits>
#include <utility>

#include "proxy/lists/pages.h"
#include "proxy/log.h"

namespace proxy::lists {
namespace {

constexpr std::uint64_t kTickMs = 250;
// The thread pool has four threads. A source that does not answer holds one for minutes, and a
// reload of the configuration must still find one.
constexpr std::size_t kLooksMax = 2;
constexpr mode_t kDirectoryMode = 0700;

}  // namespace

Keeper::Keeper(uv_loop_t& loop, std::string state_directory, Publish publish)
    : loop_(loop),
      state_directory_(std::move(state_directory)),
      publish_(std::move(publish)),
      loader_(state_directory_, true, stop_) {}

std::string Keeper::open() {
  if (state_directory_.empty()) return {};
  const auto failed = [&](const std::string& path) {
    return "lists_state: " + path + ": " + std::strerror(errno);
  };
  if (::mkdir(state_directory_.c_str(), kDirectoryMode) != 0 && errno != EEXIST) {
    return failed(state_directory_);
  }
  const std::string path = state_directory_ + "/lock";
  lock_ = net::UniqueFd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!lock_.valid()) return failed(path);
  if (::flock(lock_.get(), LOCK_EX | LOCK_NB) != 0) {
    return "lists_state: " + state_directory_ +
           " is in use by another process; give each its own directory";
  }
  return {};
}

void Keeper::start() {
  timer_ = net::open_uv<uv_timer_t>(
      this, [&](uv_timer_t* timer) { return uv_timer_init(&loop_, timer); });
  uv_timer_start(
      timer_.get(),
      [](uv_timer_t* timer) {
        if (timer->data != nullptr) static_cast<Keeper*>(timer->data)->tick();
      },
      kTickMs, kTickMs);
}

void Keeper::stop() {
  stop_.store(true, std::memory_order_relaxed);
  timer_.reset();
}

Keeper::Table Keeper::take_up(const Table& read, std::vector<Source> sources, const Standing& merged,
                              std::string& failure, std::vector<std::string>& remarks) {
  std::map<std::string, JournalFile, std::less<>> fresh;
  if (takes_changes()) {
    for (std::size_t slot = 0; slot < sources.size(); ++slot) {
      const std::string& name = sources[slot].definition.name;
      const core::lists::Match match = (*read)[slot].source().match();
      const auto open = journals_.find(name);
      if (open != journals_.end() && open->second.match() == match) continue;
      JournalFile::Opened opened =
          fresh[name].open(state_directory_ + "/" + name + ".journal", match);
      if (!opened.remark.empty()) remarks.push_back(std::move(opened.remark));
      if (!opened.failure.empty()) {
        failure = std::move(opened.failure);
        return nullptr;
      }
    }
    for (auto& [name, journal] : fresh) {
      journal.expire(now_s());  // later, tick() sees to it
      journals_[name] = std::move(journal);
    }
  }
  ++epoch_;
  std::vector<Kept> before = std::move(kept_);
  kept_.clear();
  auto table = std::make_shared<core::lists::Table>();
  for (std::size_t slot = 0; slot < sources.size(); ++slot) {
    Kept kept;
    kept.source = std::move(sources[slot]);
    kept.next_look_ms =
        uv_now(&loop_) + static_cast<std::uint64_t>(kept.source.definition.reload.count());
    for (Kept& old : before) {
      if (old.source.definition.name == kept.source.definition.name) kept.failures = old.failures;
    }
    kept_.push_back(std::move(kept));
    const std::string& name = kept_.back().source.definition.name;
    const core::lists::Live& live = (*read)[slot];
    const auto known = merged.lists.find(name);
    const core::lists::Changes* const now = changes(slot);
    const bool same = now != nullptr && known != merged.lists.end() &&
                      known->second.match == live.source().match() &&
                      known->second.changes.version() == now->version();
    if (same) {
      table->push_back(live);
    } else {
      table->emplace_back(live.shared_source(), overlay(slot, live.source()));
    }
  }
  for (Kept& old : before) retire(std::move(old.incoming));
  replace(std::move(table));
  return table_;
}

void Keeper::replace(Table table) {
  retire(std::exchange(table_, std::move(table)));
}

void Keeper::retire(Table replaced) {
  if (replaced != nullptr) retired_.push_back(std::move(replaced));
}

void Keeper::retire(std::shared_ptr<const void> replaced) {
  if (replaced != nullptr) retired_others_.push_back(std::move(replaced));
}

void Keeper::retire(std::shared_ptr<const core::lists::List> replaced) {
  if (replaced == nullptr) return;
  auto table = std::make_shared<core::lists::Table>();
  table->emplace_back(std::move(replaced), nullptr);
  retire(Table(std::move(table)));
}

void Keeper::publish(std::size_t slot, core::lists::Live live) {
  auto table = std::make_shared<core::lists::Table>(*table_);
  (*table)[slot] = std::move(live);
  replace(std::move(table));
  publish_(table_);
}

std::optional<std::size_t> Keeper::find(std::string_view name) const noexcept {
  for (std::size_t slot = 0; slot < kept_.size(); ++slot) {
    if (kept_[slot].source.definition.name == name) return slot;
  }
  return std::nullopt;
}

const core::lists::Changes* Keeper::changes(std::size_t slot) const noexcept {
  const auto found = journals_.find(kept_[slot].source.definition.name);
  return found == journals_.end() ? nullptr : &found->second.changes();
}

std::vector<Keeper::State> Keeper::states() const {
  std::vector<State> states;
  for (std::size_t slot = 0; slot < kept_.size(); ++slot) {
    const Kept& kept = kept_[slot];
    const core::lists::Live& live = now(slot);
    const core::lists::Changes* const live_changes = changes(slot);
    const std::size_t added = live_changes == nullptr ? 0 : live_changes->added();
    states.push_back({kept.source.definition.name, live.source().match(),
                      kept.source.definition.kind, live.size(), live.source().size(), added,
                      live_changes == nullptr ? 0 : live_changes->size() - added, live.bytes(),
                      live.source().bad_count(), kept.source.origin.confirmed_at_s, kept.failures,
                      kept.last_failure});
  }
  return states;
}

std::string Keeper::change(std::size_t slot, const std::vector<core::lists::Step>& steps) {
  JournalFile& journal = journals_.find(kept_[slot].source.definition.name)->second;
  if (journal.changes().size() + steps.size() > kChangesMax) {
    return "a list keeps at most 100000 live changes; put them into its source and forget them";
  }
  if (std::string why = journal.append(steps); !why.empty()) {
    log::error("list \"{}\": a live change was not kept: {}", kept_[slot].source.definition.name,
                  why);
    return "the change cannot be kept on disk; the log says why";
  }
  const std::shared_ptr<const core::lists::List>& source = now(slot).shared_source();
  publish(slot, core::lists::Live(source, overlay(slot, *source)));
  return {};
}

void Keeper::tick() {
  const std::int64_t second = now_s();
  for (std::size_t slot = 0; slot < kept_.size(); ++slot) {
    Kept& kept = kept_[slot];
    const auto journal = journals_.find(kept.source.definition.name);
    try {
      const bool expires = journal != journals_.end() &&
                           journal->second.changes().next_expiry_s().value_or(second + 1) <= second;
      if (expires) merge(slot);
    } catch (const std::bad_alloc&) {
      log::error("list \"{}\": no memory to take out what has expired", journal->first);
    }
    // What was read and is still being merged is taken up first: reading it again would have its merge begin again.
    const bool due = kept.source.definition.reload.count() > 0 && !kept.looking && kept.incoming == nullptr &&
                     kept.next_look_ms <= uv_now(&loop_);
    if (due && looks_ < kLooksMax) look(slot);
  }
  free_retired();
}

void Keeper::look(std::size_t slot) {
  Kept& kept = kept_[slot];
  auto* const look = new Look{{}, this, epoch_, slot, kept.source, now(slot).shared_source(), {}};
  look->work.data = look;
  kept.looking = true;
  ++looks_;
  uv_queue_work(
      &loop_, &look->work,
      [](uv_work_t* work) {
        auto& at = *static_cast<Look*>(work->data);
        try {
          at.loaded =
              at.keeper->loader_.load_again(at.source.definition, at.source.origin, *at.current);
        } catch (const std::exception&) {
          at.loaded = {};
          at.loaded.failure = "no memory for it";
        }
      },
      [](uv_work_t* work, int) {
        const std::unique_ptr<Look> at(static_cast<Look*>(work->data));
        at->keeper->on_looked(*at);
      });
}

void Keeper::on_looked(Look& look) {
  --looks_;
  retire(std::move(look.current));  // a reload of the configuration may have made it the last one
  if (look.epoch != epoch_ || stop_.load(std::memory_order_relaxed)) {
    retire(std::move(look.loaded.list));  // of a configuration that is no longer in force
    return;
  }
  Kept& kept = kept_[look.slot];
  const Definition& definition = kept.source.definition;
  kept.looking = false;
  kept.next_look_ms = uv_now(&loop_) + static_cast<std::uint64_t>(definition.reload.count());
  if (!look.loaded.failure.empty()) {
    ++kept.failures;
    kept.last_failure = look.loaded.failure;
    log::error("list \"{}\" stays as it was: {}", definition.name, kept.last_failure);
    return;
  }
  kept.last_failure.clear();
  if (!look.loaded.remark.empty())
    log::warn("list \"{}\": {}", definition.name, look.loaded.remark);
  if (look.loaded.list == nullptr) {
    if (kept.incoming == nullptr) kept.source.origin = std::move(look.loaded.origin);
    return;
  }
  retire(std::exchange(kept.incoming, std::move(look.loaded.list)));
  kept.incoming_origin = std::move(look.loaded.origin);
  const core::lists::Changes* const live = changes(look.slot);
  try {
    if (live == nullptr || live->size() == 0) {
      publish_incoming(look.slot, nullptr);
    } else {
      merge(look.slot);
    }
  } catch (const std::bad_alloc&) {
    refuse_incoming(look.slot);
  }
}

void Keeper::Freeing::free() noexcept {
  others.clear();
  std::vector<std::shared_ptr<const core::lists::List>> lists;
  try {
    for (const Table& table : tables) {
      for (const core::lists::Live& live : *table) lists.push_back(live.shared_source());
    }
  } catch (const std::bad_alloc&) {  // then they go in one piece
  }
  tables.clear();
  for (std::shared_ptr<const core::lists::List>& list : lists) {
    // Many tables share a list; only the pointer that frees it may give its pages back. Other
    // pointers to it, should there be any, only become fewer.
    if (list.use_count() == 1) {
      const auto buckets = list->set().bucket_bytes();
      give_back(buckets.data(), buckets.size());
    }
    list.reset();
  }
}

/// Frees, off the loop, what nobody reads any more.
void Keeper::free_retired() {
  const auto take_unused = [](auto& retired) {
    std::remove_reference_t<decltype(retired)> unused;
    std::erase_if(retired, [&](auto& one) {
      if (one.use_count() > 1) return false;
      unused.push_back(std::move(one));
      return true;
    });
    return unused;
  };
  auto freeing = std::make_unique<Freeing>();
  freeing->tables = take_unused(retired_);
  freeing->others = take_unused(retired_others_);
  if (freeing->tables.empty() && freeing->others.empty()) return;
  freeing->work.data = freeing.get();
  uv_queue_work(
      &loop_, &freeing->work,
      [](uv_work_t* work) { static_cast<Freeing*>(work->data)->free(); },
      [](uv_work_t* work, int) { delete static_cast<Freeing*>(work->data); });
  static_cast<void>(freeing.release());
}

}  // namespace proxy::lists
