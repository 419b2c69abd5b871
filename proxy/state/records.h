#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "proxy/state/store.h"

/// What workflows have in common whose records are found by an id in a table of their name.
namespace proxy::state {

/// How often a change is tried again because somebody else has changed the same record in between.
inline constexpr int kConflictsMax = 8;

/// A record as it is now.
template <typename T>
struct Found {
  Failure failure = Failure::kNone;
  std::optional<T> record;  // nothing: there is none, or it cannot be read
  std::string id;
};

template <typename T>
struct Page {
  Failure failure = Failure::kNone;
  std::vector<Found<T>> items;
  std::string next;  // what to go on behind; empty: there are no more
};

/// Reads a record's text; nothing when it is none.
template <typename T>
using OfRecord = std::optional<T> (*)(std::string_view);

/// kCorrupt when there is one that cannot be read; `unreadable` counts those and outlives the store.
template <typename T>
void find_record(Store& store, std::string table, std::string id, OfRecord<T> of_record,
                 std::atomic<std::uint64_t>& unreadable, std::function<void(Found<T>)> done) {
  store.read(std::move(table), id, [=, &unreadable, done = std::move(done)](Failure failure, Record record) {
    Found<T> found{failure, std::nullopt, id};
    if (failure == Failure::kNone && record.version != 0) {
      found.record = of_record(record.value);
      if (!found.record) {
        unreadable.fetch_add(1, std::memory_order_relaxed);
        found.failure = Failure::kCorrupt;
      }
    }
    done(std::move(found));
  });
}

/// In the order of their ids, behind `after`; at most `limit` and kPageMax are looked at.
template <typename T>
void list_records(Store& store, std::string table, std::string after, std::size_t limit, OfRecord<T> of_record,
                  std::function<void(Page<T>)> done) {
  limit = std::min(limit, kPageMax);
  store.scan(std::move(table), std::move(after), limit,
             [limit, of_record, done = std::move(done)](Failure failure, std::vector<Row> rows) {
               Page<T> page;
               page.failure = failure;
               for (Row& row : rows) page.items.push_back({Failure::kNone, of_record(row.record.value), row.key});
               if (rows.size() == limit && !rows.empty()) page.next = rows.back().key;
               done(std::move(page));
             });
}

}  // namespace proxy::state
