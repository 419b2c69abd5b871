#pragma once

#include <uv.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/lists/live.h"
#include "proxy/lists/journal_file.h"
#include "proxy/lists/loader.h"
#include "proxy/net/unique_fd.h"
#include "proxy/net/uv_handle.h"

namespace proxy::lists {

/// Where a list of a configuration comes from, and what was known when it was read.
struct Source {
  Definition definition;
  Origin origin;
};

/// Keeps the lists of the configuration in force as they are now: puts live changes over them,
/// takes out what expires, looks at their sources from time to time. Whatever changes, it publishes
/// a new table, which the workers take up between two batches.
///
/// Sources are read, live changes put over what was read, expired ones taken out and what is replaced
/// freed on libuv's thread pool (pages.h): 100,000 changes over a list take some 15 ms. A live change
/// that the admin address asks for is made on this thread, which serves no sign-up. Thread: its loop's.
class Keeper {
 public:
  using Table = std::shared_ptr<const core::lists::Table>;
  using Publish = std::function<void(const Table&)>;

  Keeper(uv_loop_t& loop, std::string state_directory, Publish publish);
  Keeper(const Keeper&) = delete;
  Keeper& operator=(const Keeper&) = delete;

  /// Opens the state directory, which no other process may use. Empty, or why it cannot be.
  std::string open();
  /// Begins to look at sources and expiries.
  void start();
  /// Ends everything; the loop has to turn until it is empty before the keeper goes.
  void stop();

  /// The live changes of each list as they are at this moment, for merge().
  struct Standing {
    struct Of {
      core::lists::Match match;
      core::lists::Changes changes;
    };
    std::map<std::string, Of, std::less<>> lists;
  };
  /// Throws std::bad_alloc.
  Standing standing();
  /// The lists that a configuration brings, with the live changes of `standing` over them. Without memory
  /// it answers `read` and empties `standing`. Thread: any.
  static Table merge(const Table& read, const std::vector<Source>& sources, Standing& standing);

  /// Takes up the lists of a configuration, in its order: the table with their live changes, or
  /// null and in `failure` why a journal cannot be used (then what was in force stays). Says in
  /// `remarks` what was repaired. `merged` are the changes which are in `read` already; only lists
  /// that were changed since then take time.
  Table take_up(const Table& read, std::vector<Source> sources, const Standing& merged,
                std::string& failure, std::vector<std::string>& remarks);

  /// Frees what workers may still use, on the thread pool and after the last of them has let go of
  /// it: a configuration or its lists. Null is nothing.
  void retire(std::shared_ptr<const void> replaced);
  void retire(Table replaced);

  /// For the admin address and the metrics.
  struct State {
    std::string_view name;
    core::lists::Match match;
    Definition::Kind kind;
    std::size_t entries, source_entries, added, removed, bytes, bad_lines;
    std::int64_t confirmed_at_s;  // when the source was last read or found unchanged
    std::uint64_t failures;       // looks at the source that brought no list
    std::string_view last_failure;
  };
  std::vector<State> states() const;

  bool takes_changes() const noexcept { return !state_directory_.empty(); }
  /// The slot of a list by name.
  std::optional<std::size_t> find(std::string_view name) const noexcept;
  const core::lists::Live& now(std::size_t slot) const noexcept { return (*table_)[slot]; }
  const core::lists::Changes* changes(std::size_t slot) const noexcept;

  /// Keeps the steps on disk and publishes the list with them. Their values are in normal form.
  /// Empty, or why nothing was done.
  std::string change(std::size_t slot, const std::vector<core::lists::Step>& steps);

  static constexpr std::size_t kChangesMax = 100'000;  // of one list; more belong into its source

 private:
  struct Kept {
    Source source;
    std::uint64_t next_look_ms = 0;
    bool looking = false;
    bool merging = false;
    unsigned rounds = 0;  // merges that a change has overtaken, one after the other
    // What was read, until its live changes are over it.
    std::shared_ptr<const core::lists::List> incoming;
    Origin incoming_origin;
    std::uint64_t failures = 0;
    std::string last_failure;
  };
  /// A look at a source, on the thread pool and back.
  struct Look {
    uv_work_t work;
    Keeper* keeper;
    std::uint64_t epoch;
    std::size_t slot;
    Source source;
    std::shared_ptr<const core::lists::List> current;
    Loaded loaded;
  };
  /// Live changes put over a list, on the thread pool and back.
  struct Merge {
    uv_work_t work;
    Keeper* keeper;
    std::uint64_t epoch;
    std::size_t slot;
    std::shared_ptr<const core::lists::List> source;
    core::lists::Changes changes;  // at the end without those that have expired
    std::uint64_t version;         // of the changes, before that
    std::shared_ptr<const core::lists::Overlay> overlay;
    bool failed = false;

    void run() noexcept;
  };
  struct Freeing {
    uv_work_t work;
    std::vector<Table> tables;
    std::vector<std::shared_ptr<const void>> others;
    void free() noexcept;
  };

  void tick();
  void look(std::size_t slot);
  void on_looked(Look& look);
  void merge(std::size_t slot);
  void on_merged(Merge& merge);
  void retire_merge(Merge& merge) noexcept;
  void publish_incoming(std::size_t slot, std::shared_ptr<const core::lists::Overlay> overlay);
  void refuse_incoming(std::size_t slot);
  void retire(std::shared_ptr<const core::lists::List> replaced);
  void free_retired();
  std::shared_ptr<const core::lists::Overlay> overlay(std::size_t slot,
                                                      const core::lists::List& source) const;
  void publish(std::size_t slot, core::lists::Live live);
  void replace(Table table);

  uv_loop_t& loop_;
  std::string state_directory_;
  Publish publish_;
  net::UniqueFd lock_;
  std::atomic<bool> stop_{false};
  Loader loader_;
  net::UvHandle<uv_timer_t> timer_;
  std::map<std::string, JournalFile, std::less<>> journals_;  // by list
  std::vector<Kept> kept_;                                    // by slot
  Table table_;
  std::vector<Table> retired_;  // until the last worker has let go of them
  std::vector<std::shared_ptr<const void>> retired_others_;
  std::uint64_t epoch_ = 0;     // of the configuration: a look that began in an earlier one is void
  std::size_t looks_ = 0;       // under way
};

}  // namespace proxy::lists
