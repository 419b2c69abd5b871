// What is SQLite's alone: files and what may be wrong with them, transactions, what has expired.
#include "proxy/state/sqlite_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <atomic>
#include <csignal>
#include <fstream>
#include <thread>

#include "stores.h"
#include "waiting.h"

namespace proxy::state {
namespace {

using ::testing::HasSubstr;

std::string why_not(const std::string& path) {
  auto store = open_sqlite({.path = path, .now_s = {}});
  return store ? std::string() : store.error();
}

void run_sql(const std::string& path, const char* sql) {
  sqlite3* database = nullptr;
  ASSERT_EQ(sqlite3_open(path.c_str(), &database), SQLITE_OK);
  EXPECT_EQ(sqlite3_exec(database, sql, nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(database);
  sqlite3_close(database);
}

void make(const std::string& path) {
  auto store = open_sqlite({.path = path, .now_s = {}});
  ASSERT_TRUE(store) << store.error();
  for (int i = 0; i < 200; ++i) {
    ASSERT_EQ(Waiting(*store.value()).write("t", std::to_string(i), std::string(1000, 'x'), 0), Failure::kNone);
  }
}

TEST(SqliteStore, IsReadableByItsOwnerAlone) {
  const Scratch scratch;
  const std::string path = scratch.file("state.db");
  auto store = open_sqlite({.path = path, .now_s = {}});
  ASSERT_TRUE(store) << store.error();
  ASSERT_EQ(Waiting(*store.value()).write("t", "k", "v", 0), Failure::kNone);
  for (const char* suffix : {"", "-wal", ".lock"}) {
    struct stat found {};
    ASSERT_EQ(::stat((path + suffix).c_str(), &found), 0) << suffix;
    EXPECT_EQ(found.st_mode & 0777, 0600u) << suffix;
  }
}

TEST(SqliteStore, SaysWhatIsWrongWithAFile) {
  const Scratch scratch;
  EXPECT_THAT(why_not(scratch.file("none/state.db")), HasSubstr("the directory must be there and writable"));
  EXPECT_THAT(why_not(scratch.path()), HasSubstr("cannot be opened for writing: Is a directory"));

  std::ofstream(scratch.file("text")) << std::string(5000, 'x');
  EXPECT_THAT(why_not(scratch.file("text")), HasSubstr("is no SQLite database"));

  run_sql(scratch.file("other"), "CREATE TABLE t (a)");
  EXPECT_THAT(why_not(scratch.file("other")), HasSubstr("is another program's database"));

  make(scratch.file("new"));
  run_sql(scratch.file("new"), "PRAGMA user_version = 99");
  EXPECT_THAT(why_not(scratch.file("new")), HasSubstr("was written by a newer claimgate (schema 99"));

  make(scratch.file("damaged"));
  {
    std::fstream file(scratch.file("damaged"), std::ios::in | std::ios::out | std::ios::binary);
    for (int page = 1; page < 40; ++page) {
      file.seekp(page * 4096 + 8);
      file << std::string(64, '\xee');
    }
  }
  EXPECT_THAT(why_not(scratch.file("damaged")), HasSubstr("is damaged"));
}

TEST(SqliteStore, IsOfOneProcess) {
  const Scratch scratch;
  auto first = open_sqlite({.path = scratch.file("state.db"), .now_s = {}});
  ASSERT_TRUE(first);
  EXPECT_THAT(why_not(scratch.file("state.db")), HasSubstr("another process has it"));
  first.value()->close();
  first.value().reset();
  EXPECT_EQ(why_not(scratch.file("state.db")), "");
}

TEST(SqliteStore, SaysWhenItIsLocked) {
  const Scratch scratch;
  make(scratch.file("state.db"));
  sqlite3* shell = nullptr;
  ASSERT_EQ(sqlite3_open(scratch.file("state.db").c_str(), &shell), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(shell, "PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE", nullptr, nullptr, nullptr),
            SQLITE_OK);
  EXPECT_THAT(why_not(scratch.file("state.db")), HasSubstr("is locked by another program"));
  sqlite3_close(shell);
}

/// A limit of the size of files stands for a full disk: the same place in SQLite, another errno.
TEST(SqliteStore, AFullDiskAcknowledgesNothingAndWorksAgainWhenThereIsSpace) {
  const Scratch scratch;
  auto store = open_sqlite({.path = scratch.file("state.db"), .now_s = {}});
  ASSERT_TRUE(store);
  Waiting ask(*store.value());
  ASSERT_EQ(ask.write("t", "before", "v", 0), Failure::kNone);
  rlimit old{};
  ::getrlimit(RLIMIT_FSIZE, &old);
  ::signal(SIGXFSZ, SIG_IGN);
  rlimit small = old;
  small.rlim_cur = 256 << 10;
  ::setrlimit(RLIMIT_FSIZE, &small);
  std::size_t acknowledged = 0;
  Failure failure = Failure::kNone;
  for (int i = 0; i < 100 && failure == Failure::kNone; ++i) {
    failure = ask.write("t", "big" + std::to_string(i), std::string(60'000, 'x'), 0);
    if (failure == Failure::kNone) ++acknowledged;
  }
  ::setrlimit(RLIMIT_FSIZE, &old);
  EXPECT_EQ(failure, Failure::kFull);
  EXPECT_EQ(store.value()->counters().health.load(), Failure::kFull);
  EXPECT_EQ(ask.scan("t").size(), acknowledged + 1);
  EXPECT_EQ(ask.write("t", "after", "v", 0), Failure::kNone);
  EXPECT_EQ(store.value()->counters().health.load(), Failure::kNone);
  store.value().reset();
  EXPECT_EQ(why_not(scratch.file("state.db")), "");
}

TEST(SqliteStore, WhatWaitsGoesIntoOneTransaction) {
  const Scratch scratch;
  auto store = open_sqlite({.path = scratch.file("state.db"), .now_s = {}});
  ASSERT_TRUE(store);
  std::promise<void> go;
  std::shared_future<void> gone = go.get_future().share();
  store.value()->read("t", "k", [gone](Failure, Record) { gone.wait(); });  // holds the thread up
  constexpr int kBatches = 1000;
  std::atomic<int> kept = 0;
  for (int i = 0; i < kBatches; ++i) {
    store.value()->commit({{{"t", std::to_string(i), "v", 0, 0, false}}, {}},
                          [&](Failure failure) { kept += failure == Failure::kNone ? 1 : 0; });
  }
  go.set_value();
  EXPECT_EQ(Waiting(*store.value()).scan("t").size(), static_cast<std::size_t>(kBatches));
  EXPECT_EQ(kept.load(), kBatches);
  EXPECT_LE(store.value()->counters().transactions.load(), 2u);
}

TEST(SqliteStore, AConflictLeavesItsNeighboursAlone) {
  auto store = open_sqlite({});
  ASSERT_TRUE(store);
  std::promise<void> go;
  std::shared_future<void> gone = go.get_future().share();
  store.value()->read("t", "k", [gone](Failure, Record) { gone.wait(); });
  std::vector<Failure> answers(3, Failure::kEnding);
  for (std::size_t i = 0; i < answers.size(); ++i) {
    store.value()->commit({{{"t", i == 1 ? "0" : std::to_string(i), "v", 0, 0, false}}, {}},
                          [&answers, i](Failure failure) { answers[i] = failure; });
  }
  go.set_value();
  EXPECT_EQ(Waiting(*store.value()).scan("t").size(), 2u);
  EXPECT_THAT(answers, ::testing::ElementsAre(Failure::kNone, Failure::kConflict, Failure::kNone));
}

TEST(SqliteStore, RefusesMoreThanItsQueueHolds) {
  auto store = open_sqlite({.path = {}, .queue_max = 2, .now_s = {}});
  ASSERT_TRUE(store);
  std::promise<void> go, entered;
  std::shared_future<void> gone = go.get_future().share();
  store.value()->read("t", "k", [gone, &entered](Failure, Record) {
    entered.set_value();
    gone.wait();
  });
  entered.get_future().wait();
  std::atomic<int> kept = 0, busy = 0;
  for (int i = 0; i < 5; ++i) {
    store.value()->commit({{{"t", std::to_string(i), "v", 0, 0, false}}, {}},
                          [&](Failure failure) { ++(failure == Failure::kNone ? kept : busy); });
  }
  EXPECT_EQ(busy.load(), 3);
  go.set_value();
  store.value()->close();
  EXPECT_EQ(kept.load(), 2);
}

TEST(SqliteDatabase, RemovesWhatHasExpired) {
  auto database = SqliteDatabase::open("", Synchronous::kFull);
  ASSERT_TRUE(database);
  SqliteDatabase& open = *database.value();
  ASSERT_EQ(open.begin(), Failure::kNone);
  ASSERT_EQ(open.apply({{{"t", "a", "v", 0, 10, false}, {"t", "b", "v", 0, 11, false}, {"t", "c", "v", 0, 0, false}}, {}}, 5),
            Failure::kNone);
  std::size_t removed = 0;
  EXPECT_EQ(open.remove_expired(9, 10, removed), Failure::kNone);
  EXPECT_EQ(removed, 0u);
  EXPECT_EQ(open.remove_expired(11, 1, removed), Failure::kNone);
  EXPECT_EQ(removed, 1u);
  EXPECT_EQ(open.remove_expired(11, 10, removed), Failure::kNone);
  EXPECT_EQ(removed, 1u);
  ASSERT_EQ(open.commit(), Failure::kNone);
  std::vector<Row> rows;
  EXPECT_EQ(open.scan("t", "", 10, 0, rows), Failure::kNone);
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].key, "c");
}

}  // namespace
}  // namespace proxy::state
