#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "core/config/policy.h"
#include "core/gate/snapshot.h"
#include "core/result.h"
#include "proxy/capture/redactor.h"
#include "proxy/capture/ring.h"
#include "proxy/rounds.h"

namespace proxy::capture {

/// The capture file: one JSON line a sampled request, for `claimgate replay`, written by a thread
/// of its own. Workers hand over bodies by rings; what is personal in them is replaced before
/// anything is written (Redactor). The file is bounded and has mode 0600.
class Capture {
 public:
  struct OpenError {
    std::string why;
  };
  static core::Result<std::unique_ptr<Capture>, OpenError> open(
      const core::config::Capture& settings, std::size_t workers);
  ~Capture();

  Ring& ring(std::size_t worker) noexcept { return *rings_[worker]; }
  double share() const noexcept { return share_; }
  /// Whether requests of this connector are captured.
  bool wants(const std::string& connector) const;
  /// Any thread: a ring fills.
  void wake() noexcept { rounds_.wake(); }

  /// Records of `generation` are written with this snapshot's names. Before any worker uses it.
  void introduce(std::uint32_t generation, const core::gate::Snapshot& snapshot);
  /// Opens the file again, after it was moved away (SIGHUP).
  void reopen();

  std::uint64_t written() const noexcept { return written_.load(); }
  /// Requests of the sample that are not in the file: no room in a ring, a body too large, a file
  /// that is full or cannot be written.
  std::uint64_t dropped() const noexcept;
  std::uint64_t write_errors() const noexcept { return write_errors_.load(); }
  bool full() const noexcept { return full_.load(); }

 private:
  struct Names {
    std::uint32_t generation = 0;
    struct Connector {
      std::string name;
      bool events = false;  // bodies are events
      std::vector<std::string> rules;
    };
    std::vector<Connector> connectors;
  };
  Capture(const core::config::Capture& settings, std::string secret);
  std::string open_file();
  void round();
  void write_waiting();
  void write(const Record& record, std::string_view body);
  bool make_room(std::size_t size);

  const std::string path_;
  const double share_;
  const std::uint64_t bytes_max_;
  const core::config::Capture::WhenFull when_full_;
  std::vector<std::string> connectors_;  // empty: all
  std::vector<std::unique_ptr<Ring>> rings_;
  Redactor redactor_;
  int fd_ = -1;
  std::uint64_t size_ = 0;  // of the file
  std::string line_;
  std::mutex names_mutex_;  // of what follows, up to names_
  bool reopen_ = false;
  std::vector<std::shared_ptr<const Names>> names_;  // the last few generations
  std::vector<std::shared_ptr<const Names>> known_;  // the writer's copy
  std::atomic<std::uint64_t> written_{0};
  std::atomic<std::uint64_t> lost_{0};  // taken from a ring and not written
  std::atomic<std::uint64_t> write_errors_{0};
  std::atomic<bool> full_{false};
  Rounds rounds_;
};

}  // namespace proxy::capture
