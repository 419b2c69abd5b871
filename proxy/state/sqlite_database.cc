#include "proxy/state/sqlite_database.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace proxy::state {
namespace {

/// "clmg": what says that a database is ours.
constexpr std::int64_t kApplicationId = 0x636c6d67;
constexpr int kBusyTimeoutMs = 2000;  // somebody else's backup may hold a lock for a moment

/// Whether the system said that there is no room: on the disk, of the user's share, or for the file.
bool is_full(int system_error) noexcept {
  return system_error == ENOSPC || system_error == EDQUOT || system_error == EFBIG;
}

/// The schema by steps: the database's user_version is the number of those that it has gone through.
/// Steps that were released are not changed; a new one is added at the end.
constexpr std::array kMigrations = {
    "CREATE TABLE records (tbl TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL, version INTEGER NOT NULL,"
    " expires_s INTEGER NOT NULL, PRIMARY KEY (tbl, key)) WITHOUT ROWID;"
    "CREATE INDEX records_expiry ON records (expires_s) WHERE expires_s > 0;"
    "CREATE TABLE entries (number INTEGER PRIMARY KEY AUTOINCREMENT, stream TEXT NOT NULL, key TEXT NOT NULL,"
    " value BLOB NOT NULL);"
    "CREATE INDEX entries_by_stream ON entries (stream, number);"
    "CREATE TABLE numbers (name TEXT PRIMARY KEY, number INTEGER NOT NULL) WITHOUT ROWID;"
    "INSERT INTO numbers VALUES ('version', 0);"};

}  // namespace

std::string_view Statement::bytes(int column) noexcept {
  const void* const data = sqlite3_column_blob(raw_.get(), column);
  if (data == nullptr) return {};
  return {static_cast<const char*>(data), static_cast<std::size_t>(sqlite3_column_bytes(raw_.get(), column))};
}

core::Result<std::unique_ptr<SqliteDatabase>, std::string> SqliteDatabase::open(const std::string& path,
                                                                                 Synchronous synchronous) {
  std::unique_ptr<SqliteDatabase> database(new SqliteDatabase);
  std::string why = database->open_file(path);
  if (why.empty()) why = database->set_up(synchronous);
  if (why.empty()) why = database->migrate();
  if (why.empty()) why = database->prepare();
  if (!why.empty()) return (path.empty() ? std::string("memory") : path) + ": " + why;
  return database;
}

SqliteDatabase::~SqliteDatabase() = default;

/// One process has the file: versions are counted in its memory. A lock on a file beside it says so,
/// because SQLite's own locks come and go, and are wanted free for backups.
std::string SqliteDatabase::open_file(const std::string& path) {
  sqlite3* raw = nullptr;
  if (!path.empty()) {
    const std::string lock = path + ".lock";
    lock_ = net::UniqueFd(::open(lock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (lock_.get() < 0) {
      return std::string("cannot be locked: ") + std::strerror(errno) +
             " (the directory must be there and writable for this user)";
    }
    if (::flock(lock_.get(), LOCK_EX | LOCK_NB) != 0) {
      return "another process has it: every claimgate on a machine needs a file of its own, or all of them Redis";
    }
    const net::UniqueFd file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (file.get() < 0) {
      return std::string("cannot be opened for writing: ") + std::strerror(errno);
    }
  }
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE |
                    (path.empty() ? SQLITE_OPEN_MEMORY | SQLITE_OPEN_CREATE : 0);
  const int opened = sqlite3_open_v2(path.empty() ? ":memory:" : path.c_str(), &raw, flags, nullptr);
  database_.reset(raw);
  if (opened != SQLITE_OK) return std::string("cannot be opened: ") + why();
  sqlite3_busy_timeout(raw, kBusyTimeoutMs);
  return {};
}

std::string SqliteDatabase::set_up(Synchronous synchronous) {
  std::string text;
  const std::int64_t id = pragma("PRAGMA application_id", &text);
  if (last_error_ != SQLITE_OK) return explain("open");
  const std::int64_t tables = pragma("SELECT count(*) FROM sqlite_schema");
  if (last_error_ != SQLITE_OK) return explain("open");
  if (id != kApplicationId && tables != 0) {
    return "is another program's database; name a file that is not there yet";
  }
  if (sqlite3_db_readonly(database_.get(), "main") == 1) {
    return "is read-only; it must be writable for this user, and so must its directory";
  }
  pragma("PRAGMA journal_mode = WAL", &text);
  if (last_error_ != SQLITE_OK) return explain("open");
  pragma(synchronous == Synchronous::kFull ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL");
  pragma("PRAGMA journal_size_limit = 67108864");  // the log of a burst is cut to 64 MiB again
  pragma("PRAGMA secure_delete = FAST");
  if (tables == 0) return {};
  pragma("PRAGMA quick_check(1)", &text);
  if (last_error_ != SQLITE_OK) return explain("check");
  if (text != "ok") {
    return "is damaged (" + text + "); put a backup in its place, or move it away to begin without";
  }
  return {};
}

std::string SqliteDatabase::migrate() {
  const std::int64_t has = pragma("PRAGMA user_version");
  if (last_error_ != SQLITE_OK) return explain("open");
  if (has > static_cast<std::int64_t>(kMigrations.size())) {
    return "was written by a newer claimgate (schema " + std::to_string(has) + ", this one knows " +
           std::to_string(kMigrations.size()) + ")";
  }
  for (std::size_t step = static_cast<std::size_t>(has); step < kMigrations.size(); ++step) {
    const std::string number = std::to_string(step + 1);
    const std::string sql = "BEGIN IMMEDIATE; " + std::string(kMigrations[step]) +
                            "PRAGMA application_id = " + std::to_string(kApplicationId) +
                            "; PRAGMA user_version = " + number + "; COMMIT;";
    if (run(sql.c_str())) continue;
    const std::string why = explain("bring to schema " + number);
    run("ROLLBACK");
    return why;
  }
  return {};
}

std::string SqliteDatabase::prepare() {
  const std::pair<Statement*, const char*> statements[] = {
      {&begin_, "BEGIN IMMEDIATE"},
      {&commit_, "COMMIT"},
      {&roll_back_, "ROLLBACK"},
      {&set_version_, "UPDATE numbers SET number = ?1 WHERE name = 'version'"},
      {&version_of_, "SELECT version FROM records WHERE tbl = ?1 AND key = ?2 AND (expires_s = 0 OR expires_s > ?3)"},
      {&write_, "INSERT INTO records (tbl, key, value, version, expires_s) VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT"
                " (tbl, key) DO UPDATE SET value = ?3, version = ?4, expires_s = ?5"},
      {&erase_, "DELETE FROM records WHERE tbl = ?1 AND key = ?2"},
      {&append_, "INSERT INTO entries (stream, key, value) VALUES (?1, ?2, ?3)"},
      {&read_, "SELECT value, version FROM records WHERE tbl = ?1 AND key = ?2 AND"
               " (expires_s = 0 OR expires_s > ?3)"},
      {&scan_, "SELECT key, value, version FROM records WHERE tbl = ?1 AND key > ?2 AND"
               " (expires_s = 0 OR expires_s > ?3) ORDER BY key LIMIT ?4"},
      {&read_stream_, "SELECT number, key, value FROM entries WHERE stream = ?1 AND number > ?2 ORDER BY number"
                      " LIMIT ?3"},
      {&measure_, "SELECT count(*), min(number), max(number) FROM entries WHERE stream = ?1"},
      {&trim_up_to_, "DELETE FROM entries WHERE stream = ?1 AND number <= ?2"},
      {&trim_one_, "DELETE FROM entries WHERE stream = ?1 AND number = ?2"},
      {&expired_, "DELETE FROM records WHERE (tbl, key) IN (SELECT tbl, key FROM records WHERE expires_s > 0 AND"
                  " expires_s <= ?1 LIMIT ?2)"}};
  for (const auto& [statement, sql] : statements) {
    sqlite3_stmt* raw = nullptr;
    last_error_ = sqlite3_prepare_v3(database_.get(), sql, -1, SQLITE_PREPARE_PERSISTENT, &raw, nullptr);
    statement->raw_.reset(raw);
    if (last_error_ != SQLITE_OK) return explain("read the schema of");
  }
  version_ = static_cast<std::uint64_t>(pragma("SELECT number FROM numbers WHERE name = 'version'"));
  committed_version_ = version_;
  return last_error_ == SQLITE_OK ? std::string() : explain("read");
}

bool SqliteDatabase::run(const char* sql) noexcept {
  last_error_ = sqlite3_exec(database_.get(), sql, nullptr, nullptr, nullptr);
  if (last_error_ != SQLITE_OK) failure();
  return last_error_ == SQLITE_OK;
}

/// The number, or in `text` the text, that one row of `sql` has.
std::int64_t SqliteDatabase::pragma(const char* sql, std::string* text) noexcept {
  Statement statement;
  sqlite3_stmt* raw = nullptr;
  last_error_ = sqlite3_prepare_v2(database_.get(), sql, -1, &raw, nullptr);
  statement.raw_.reset(raw);
  std::int64_t number = 0;
  if (last_error_ == SQLITE_OK) {
    const int stepped = statement.step();
    if (stepped == SQLITE_ROW) {
      number = statement.number(0);
      if (text != nullptr) *text = statement.bytes(0);
    } else if (stepped != SQLITE_DONE) {
      last_error_ = stepped;
    }
  }
  if (last_error_ != SQLITE_OK) failure();
  return number;
}

std::string SqliteDatabase::why() const {
  std::string text = sqlite3_errstr(last_error_ == SQLITE_OK ? sqlite3_extended_errcode(database_.get()) : last_error_);
  if (last_system_error_ != 0) text.append(" (").append(std::strerror(last_system_error_)).append(")");
  return text;
}

/// What went wrong at the start, and what to do about it.
std::string SqliteDatabase::explain(const std::string& verb) const {
  switch (last_error_ & 0xff) {
    case SQLITE_NOTADB: return "is no SQLite database; name another file, or move it away";
    case SQLITE_CORRUPT:
      return "is damaged (" + why() + "); put a backup in its place, or move it away to begin without";
    case SQLITE_FULL: return "there is no space on its disk";
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return "is locked by another program; end that one (a shell of sqlite3, say)";
    case SQLITE_READONLY: return "is read-only; it must be writable for this user, and so must its directory";
    default: break;
  }
  if (is_full(last_system_error_)) return "there is no space on its disk";
  return "cannot " + verb + " it: " + why();
}

/// Remembers the last error, and what it is for whoever asked.
Failure SqliteDatabase::failure() noexcept {
  const int system_error = errno;  // sqlite3_system_errno() does not know those of a COMMIT
  const int extended = sqlite3_extended_errcode(database_.get());
  if (extended != SQLITE_OK) last_error_ = extended;
  last_system_error_ = 0;
  if ((last_error_ & 0xff) == SQLITE_IOERR || (last_error_ & 0xff) == SQLITE_CANTOPEN) {
    last_system_error_ = system_error != 0 ? system_error : sqlite3_system_errno(database_.get());
  }
  switch (last_error_ & 0xff) {
    case SQLITE_FULL: return Failure::kFull;
    case SQLITE_READONLY: return Failure::kReadOnly;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return Failure::kCorrupt;
    case SQLITE_TOOBIG: return Failure::kTooLarge;
    case SQLITE_IOERR:
      return is_full(last_system_error_) ? Failure::kFull : Failure::kUnavailable;
    default: return Failure::kUnavailable;
  }
}

Failure SqliteDatabase::done(Statement& statement) noexcept {
  errno = 0;
  const int stepped = statement.step();
  const Failure why = stepped == SQLITE_DONE || stepped == SQLITE_ROW ? Failure::kNone : failure();
  statement.reset();
  return why;
}

Failure SqliteDatabase::begin() noexcept { return done(begin_); }

Failure SqliteDatabase::commit() noexcept {
  Failure why = Failure::kNone;
  if (version_ != committed_version_) {
    set_version_.bind(1, static_cast<std::int64_t>(version_));
    why = done(set_version_);
  }
  if (why == Failure::kNone) why = done(commit_);
  if (why == Failure::kNone) {
    committed_version_ = version_;
  } else {
    roll_back();
  }
  return why;
}

void SqliteDatabase::roll_back() noexcept {
  // Some errors have rolled back already: another ROLLBACK says so, and nothing else.
  if (sqlite3_get_autocommit(database_.get()) == 0) {
    roll_back_.step();
    roll_back_.reset();
  }
  version_ = committed_version_;
}

Failure SqliteDatabase::version_of(const Write& write, std::int64_t now_s, std::uint64_t& version) noexcept {
  version_of_.bind(1, std::string_view(write.table));
  version_of_.bind(2, std::string_view(write.key));
  version_of_.bind(3, now_s);
  const int stepped = version_of_.step();
  version = stepped == SQLITE_ROW ? static_cast<std::uint64_t>(version_of_.number(0)) : 0;
  const Failure why = stepped == SQLITE_ROW || stepped == SQLITE_DONE ? Failure::kNone : failure();
  version_of_.reset();
  return why;
}

Failure SqliteDatabase::apply(const Batch& batch, std::int64_t now_s) {
  for (const Write& write : batch.writes) {
    if (write.expected == kAnyVersion) continue;
    std::uint64_t version = 0;
    if (const Failure why = version_of(write, now_s, version); why != Failure::kNone) return why;
    if (version != write.expected) return Failure::kConflict;
  }
  for (const Write& write : batch.writes) {
    Statement& statement = write.erase ? erase_ : write_;
    statement.bind(1, std::string_view(write.table));
    statement.bind(2, std::string_view(write.key));
    if (!write.erase) {
      write_.bind(3, std::string_view(write.value));
      write_.bind(4, static_cast<std::int64_t>(++version_));
      write_.bind(5, write.expires_s);
    }
    if (const Failure why = done(statement); why != Failure::kNone) return why;
  }
  for (const Append& append : batch.appends) {
    append_.bind(1, std::string_view(append.stream));
    append_.bind(2, std::string_view(append.key));
    append_.bind(3, std::string_view(append.value));
    if (const Failure why = done(append_); why != Failure::kNone) return why;
  }
  return Failure::kNone;
}

Failure SqliteDatabase::trim(const std::string& stream, std::uint64_t up_to,
                             const std::vector<std::uint64_t>& numbers) {
  if (up_to > 0) {
    trim_up_to_.bind(1, std::string_view(stream));
    trim_up_to_.bind(2, static_cast<std::int64_t>(std::min<std::uint64_t>(up_to, INT64_MAX)));
    if (const Failure why = done(trim_up_to_); why != Failure::kNone) return why;
  }
  for (const std::uint64_t number : numbers) {
    if (number > INT64_MAX) continue;
    trim_one_.bind(1, std::string_view(stream));
    trim_one_.bind(2, static_cast<std::int64_t>(number));
    if (const Failure why = done(trim_one_); why != Failure::kNone) return why;
  }
  return Failure::kNone;
}

Failure SqliteDatabase::remove_expired(std::int64_t now_s, std::size_t limit, std::size_t& removed) noexcept {
  expired_.bind(1, now_s);
  expired_.bind(2, static_cast<std::int64_t>(limit));
  const Failure why = done(expired_);
  removed = why == Failure::kNone ? static_cast<std::size_t>(sqlite3_changes(database_.get())) : 0;
  return why;
}

Failure SqliteDatabase::read(std::string_view table, std::string_view key, std::int64_t now_s, Record& record) {
  read_.bind(1, table);
  read_.bind(2, key);
  read_.bind(3, now_s);
  const int stepped = read_.step();
  record = {};
  if (stepped == SQLITE_ROW) {
    record.value = read_.bytes(0);
    record.version = static_cast<std::uint64_t>(read_.number(1));
  }
  const Failure why = stepped == SQLITE_ROW || stepped == SQLITE_DONE ? Failure::kNone : failure();
  read_.reset();
  return why;
}

Failure SqliteDatabase::scan(std::string_view table, std::string_view after, std::size_t limit,
                             std::int64_t now_s, std::vector<Row>& rows) {
  scan_.bind(1, table);
  scan_.bind(2, after);
  scan_.bind(3, now_s);
  scan_.bind(4, static_cast<std::int64_t>(std::min(limit, kPageMax)));
  int stepped = SQLITE_DONE;
  while ((stepped = scan_.step()) == SQLITE_ROW) {
    rows.push_back({std::string(scan_.bytes(0)),
                    {std::string(scan_.bytes(1)), static_cast<std::uint64_t>(scan_.number(2))}});
  }
  const Failure why = stepped == SQLITE_DONE ? Failure::kNone : failure();
  scan_.reset();
  return why;
}

Failure SqliteDatabase::read_stream(std::string_view stream, std::uint64_t after, std::size_t limit,
                                    std::vector<Entry>& entries) {
  if (after > INT64_MAX) return Failure::kNone;
  read_stream_.bind(1, stream);
  read_stream_.bind(2, static_cast<std::int64_t>(after));
  read_stream_.bind(3, static_cast<std::int64_t>(std::min(limit, kPageMax)));
  int stepped = SQLITE_DONE;
  while ((stepped = read_stream_.step()) == SQLITE_ROW) {
    entries.push_back({static_cast<std::uint64_t>(read_stream_.number(0)), std::string(read_stream_.bytes(1)),
                       std::string(read_stream_.bytes(2))});
  }
  const Failure why = stepped == SQLITE_DONE ? Failure::kNone : failure();
  read_stream_.reset();
  return why;
}

Failure SqliteDatabase::measure(std::string_view stream, StreamSize& size) {
  measure_.bind(1, stream);
  const int stepped = measure_.step();
  if (stepped == SQLITE_ROW) {
    size = {static_cast<std::uint64_t>(measure_.number(0)), static_cast<std::uint64_t>(measure_.number(1)),
            static_cast<std::uint64_t>(measure_.number(2))};
  }
  const Failure why = stepped == SQLITE_ROW ? Failure::kNone : failure();
  measure_.reset();
  return why;
}

}  // namespace proxy::state
