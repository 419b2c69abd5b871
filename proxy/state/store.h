#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/state/counters.h"

/// What outlives a request. A store keeps records with versions and streams of entries, and nothing of
/// what they mean: workflows (core/approvals ...) are pure functions over a record's text.
namespace proxy::state {

/// A record as it is now. Versions grow over the whole store and are never used twice, so one that was
/// erased and made again is another one. `version` 0: there is none, or it has expired.
struct Record {
  std::string value;
  std::uint64_t version = 0;
};

/// `expected` for a write that does not mind what is there.
inline constexpr std::uint64_t kAnyVersion = ~std::uint64_t{0};

struct Write {
  std::string table, key, value;
  std::uint64_t expected = 0;  // the version it must have now; 0: there must be none
  std::int64_t expires_s = 0;  // Unix time from which on it is not there any more; 0: never
  bool erase = false;          // `value` and `expires_s` mean nothing then
};

/// Something to be delivered later, in the same transaction as the writes beside it. `key` is for whoever
/// reads the stream: what has the same one keeps its order.
struct Append {
  std::string stream, key, value;
};

/// All or nothing.
struct Batch {
  std::vector<Write> writes;
  std::vector<Append> appends;
};

/// A record in a table, and an entry of a stream. Numbers of entries grow and are never used twice in
/// their stream; some may be missing.
struct Row {
  std::string key;
  Record record;
};
struct Entry {
  std::uint64_t number = 0;
  std::string key, value;
};
struct StreamSize {
  std::uint64_t entries = 0;
  std::uint64_t first = 0, last = 0;  // numbers; 0 when it is empty
};

/// Sizes above which a batch or a question is refused (kTooLarge).
inline constexpr std::size_t kKeyBytesMax = 1024;         // also of a table's or stream's name
inline constexpr std::size_t kValueBytesMax = 1 << 20;    // of a record or an entry
inline constexpr std::size_t kBatchItemsMax = 1024;       // writes and appends together
inline constexpr std::size_t kPageMax = 1000;             // rows or entries of one answer

/// Keeps records and streams. Questions of one thread are answered in the order in which they were asked,
/// and each sees what was committed before it was asked.
///
/// Thread: any. Each `done` is called exactly once, on a thread of the store's, or on the caller's before
/// the call returns (when it is refused at once); it must not block and must not throw. What is asked
/// while a store closes, or afterwards, is answered kEnding. kNone is told only when the batch is as safe
/// as the configuration says (`synchronous`): what was acknowledged outlives the process. After any other
/// failure but kTimeout and kUnavailable of a store on another machine nothing of the batch is there;
/// after those two it may be, and whoever asks again with the same `expected` finds out by kConflict.
class Store {
 public:
  using Done = std::function<void(Failure)>;
  using ReadDone = std::function<void(Failure, Record)>;
  using ScanDone = std::function<void(Failure, std::vector<Row>)>;
  using StreamDone = std::function<void(Failure, std::vector<Entry>)>;
  using MeasureDone = std::function<void(Failure, StreamSize)>;

  virtual ~Store() = default;

  /// kConflict when a record does not have the version that a write expects: nothing is written then.
  /// A key may be written once in a batch.
  virtual void commit(Batch batch, Done done) = 0;
  virtual void read(std::string table, std::string key, ReadDone done) = 0;
  /// Records of `table` behind `after_key` ("" is the beginning), in the order of their keys' bytes; at
  /// most `limit` of them and kPageMax. For the admin address and the command line.
  virtual void scan(std::string table, std::string after_key, std::size_t limit, ScanDone done) = 0;
  /// Entries with numbers above `after`, in order; at most `limit` of them and kPageMax.
  virtual void read_stream(std::string stream, std::uint64_t after, std::size_t limit,
                           StreamDone done) = 0;
  /// Forgets the entries up to the number `up_to`, and those of `numbers`: they were delivered.
  virtual void trim(std::string stream, std::uint64_t up_to, std::vector<std::uint64_t> numbers,
                    Done done) = 0;
  virtual void measure(std::string stream, MeasureDone done) = 0;

  /// Finishes what was asked and closes what is open; a store's destructor does it, too.
  virtual void close() noexcept = 0;

  const Counters& counters() const noexcept { return counters_; }

 protected:
  Counters counters_;
};

/// True when nothing of `batch` is above the sizes.
bool fits(const Batch& batch) noexcept;

}  // namespace proxy::state
