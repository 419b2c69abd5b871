#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "proxy/net/unique_fd.h"
#include "proxy/state/store.h"

namespace proxy::state {

/// How safe a commit is when it is acknowledged. kFull: it outlives a loss of power (a sync of the
/// write-ahead log for each transaction). kNormal: it outlives the end of the process, and after a loss of
/// power the last ones may be missing, never a part of one.
enum class Synchronous : std::uint8_t { kFull, kNormal };

/// A statement that is prepared once. Parameters count from 1, columns from 0.
class Statement {
 public:
  void bind(int index, std::string_view bytes) noexcept {
    sqlite3_bind_text(raw_.get(), index, bytes.data(), static_cast<int>(bytes.size()), SQLITE_STATIC);
  }
  void bind(int index, std::int64_t number) noexcept { sqlite3_bind_int64(raw_.get(), index, number); }
  int step() noexcept { return sqlite3_step(raw_.get()); }
  void reset() noexcept { sqlite3_reset(raw_.get()); }
  std::string_view bytes(int column) noexcept;
  std::int64_t number(int column) noexcept { return sqlite3_column_int64(raw_.get(), column); }

 private:
  friend class SqliteDatabase;
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const noexcept { sqlite3_finalize(statement); }
  };
  std::unique_ptr<sqlite3_stmt, Finalize> raw_;
};

/// The database of a SqliteStore: opened, checked and brought to the present schema. Calls block. Thread:
/// one at a time.
class SqliteDatabase {
 public:
  /// `path` is a file, made (readable by its owner alone) when it is not there; empty: memory. The error
  /// is for a person and names no more than the path.
  static core::Result<std::unique_ptr<SqliteDatabase>, std::string> open(const std::string& path,
                                                                         Synchronous synchronous);
  ~SqliteDatabase();
  SqliteDatabase(const SqliteDatabase&) = delete;
  SqliteDatabase& operator=(const SqliteDatabase&) = delete;

  Failure begin() noexcept;
  /// Makes everything since begin() safe; after a failure nothing of it is there.
  Failure commit() noexcept;
  void roll_back() noexcept;

  // Inside begin() and commit(). kConflict has written nothing; any other failure wants a roll_back().
  Failure apply(const Batch& batch, std::int64_t now_s);
  Failure trim(const std::string& stream, std::uint64_t up_to, const std::vector<std::uint64_t>& numbers);
  /// Removes at most `limit` records whose time is over, and counts them.
  Failure remove_expired(std::int64_t now_s, std::size_t limit, std::size_t& removed) noexcept;

  Failure read(std::string_view table, std::string_view key, std::int64_t now_s, Record& record);
  Failure scan(std::string_view table, std::string_view after, std::size_t limit, std::int64_t now_s,
               std::vector<Row>& rows);
  Failure read_stream(std::string_view stream, std::uint64_t after, std::size_t limit,
                      std::vector<Entry>& entries);
  Failure measure(std::string_view stream, StreamSize& size);

  /// What the last failure was, as SQLite and the system call it.
  std::string why() const;

 private:
  SqliteDatabase() = default;
  std::string open_file(const std::string& path);
  std::string set_up(Synchronous synchronous);
  std::string migrate();
  std::string prepare();
  bool run(const char* sql) noexcept;
  std::int64_t pragma(const char* sql, std::string* text = nullptr) noexcept;
  std::string explain(const std::string& path) const;
  Failure failure() noexcept;
  Failure version_of(const Write& write, std::int64_t now_s, std::uint64_t& version) noexcept;
  Failure done(Statement& statement) noexcept;

  struct Close {
    void operator()(sqlite3* database) const noexcept { sqlite3_close_v2(database); }
  };
  net::UniqueFd lock_;  // of the file beside it, as long as the database is open
  std::unique_ptr<sqlite3, Close> database_;
  std::uint64_t version_ = 0, committed_version_ = 0;  // the last one given
  int last_error_ = SQLITE_OK, last_system_error_ = 0;
  Statement begin_, commit_, roll_back_, set_version_, version_of_, write_, erase_, append_, read_, scan_,
      read_stream_, measure_, trim_up_to_, trim_one_, expired_;
};

}  // namespace proxy::state
