#pragma once

#include <uv.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "core/http/out_buffer.h"
#include "core/http/response_reader.h"
#include "proxy/net/memory.h"
#include "proxy/net/uv_handle.h"
#include "proxy/upstream/asker.h"
#include "proxy/upstream/backend.h"
#include "proxy/upstream/call.h"
#include "proxy/upstream/counters.h"
#include "proxy/upstream/deadlines.h"
#include "proxy/upstream/lookup.h"
#include "proxy/upstream/random.h"

namespace proxy::upstream {

/// What the parts of one worker's client share: the loop, one timer for all deadlines, the buffers, the
/// calls. Outcomes are told between turns, when every part is in order again: whoever is told may ask,
/// forget, adopt or end. Nothing allocates where nothing may fail: who adds something that may later be
/// set, told or buried makes its room then. Thread: the loop's.
class Switchboard {
 public:
  /// Bytes received at once. Not the server's buffer: an answer is being read from here while its outcome
  /// may make the server write and read.
  static constexpr std::size_t kReceiveBytes = 64 << 10;

  /// What is asked and answered is counted in `memory`, which outlives this.
  Switchboard(uv_loop_t& loop, std::shared_ptr<const BackendList> backends, std::uint64_t seed,
              Resolver with, net::Memory& memory);
  ~Switchboard();
  Switchboard(const Switchboard&) = delete;
  Switchboard& operator=(const Switchboard&) = delete;

  Asker::CallId ask(std::size_t backend, core::mapping::Question&& question,
                    std::uint64_t deadline_ms, const Trace& trace, Asker::Done&& done);
  /// The same for a backend that is in no list, and for one endpoint of it when `pinned` is not null.
  Asker::CallId ask(Backend* backend, Endpoint* pinned, core::mapping::Question&& question,
                    std::uint64_t deadline_ms, const Trace& trace, Asker::Done&& done);
  void forget(Asker::CallId id) noexcept;
  void adopt(std::shared_ptr<const BackendList> backends);
  void drain();
  bool drained() const noexcept;
  void abort();

  std::uint64_t now_ms() const noexcept { return uv_now(&loop); }
  bool ending() const noexcept { return draining_ || aborted_; }
  bool draining() const noexcept { return draining_; }
  bool aborted() const noexcept { return aborted_; }

  /// What each Deadline of this client is made with.
  Deadlines& deadlines() noexcept { return deadlines_; }
  void set(Deadline& deadline, std::uint64_t due_ms) noexcept;
  void clear(Deadline& deadline) noexcept { deadlines_.clear(deadline); }
  /// To be told when the loop has seen to all sockets.
  void tell(Asker::CallId id, Asker::Done&& done, Outcome&& outcome) noexcept;
  void give_back(Call& call) noexcept;
  /// Memory for an answer, that of one that was told if there is some.
  core::http::ResponseReader::Taken take_room() noexcept;
  /// Frees it at the end of the turn.
  void bury(std::unique_ptr<Connection> connection) noexcept;
  /// Keeps it until nothing of it is under way.
  void retire(std::unique_ptr<Backend> backend);
  /// Something that was retired may be unused now.
  void note_unused() noexcept { sweep_ = true; }

  /// Around everything that the loop calls, and around ask() and forget(), from inside which nobody is told.
  class Turn {
   public:
    enum class Kind : std::uint8_t { kLoop, kAsking };
    explicit Turn(Switchboard& board, Kind kind = Kind::kLoop) noexcept
        : board_(board), kind_(kind) {
      ++board_.depth_;
    }
    ~Turn() { board_.end_turn(kind_ == Kind::kAsking); }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;

   private:
    Switchboard& board_;
    Kind kind_;
  };

  uv_loop_t& loop;
  net::Memory& memory;
  const Resolver resolver;
  Counters counters;
  Random random;
  std::unique_ptr<char[]> received;    // kReceiveBytes
  std::unique_ptr<char[]> plain_text;  // kReceiveBytes; made with the first TLS connection
  core::http::OutBuffer out;           // what one connection is about to send
  core::http::OutBuffer request;       // before it is encrypted

 private:
  struct Told {
    Asker::CallId id;
    Asker::Done done;
    Outcome outcome;
  };
  static void on_timer(uv_timer_t* timer) noexcept;
  void watch_for_check() noexcept;
  void on_check() noexcept;
  void arm() noexcept;
  void end_turn(bool asking) noexcept;
  void deliver() noexcept;
  void keep_room(Outcome& outcome) noexcept;
  void sweep() noexcept;
  Call& take_call();
  void make_room_to_tell();
  void dig() noexcept;

  Deadlines deadlines_;
  net::UvHandle<uv_timer_t> timer_;
  std::uint64_t armed_ms_ = UINT64_MAX;
  std::vector<std::unique_ptr<Backend>> backends_;  // in the order of the edition
  std::vector<std::unique_ptr<Backend>> retired_;
  std::vector<std::unique_ptr<Call>> calls_;        // by the low half of their ids
  std::vector<Call*> free_calls_;
  std::vector<Told> told_, telling_;
  net::Held told_bytes_;                            // of the answers in both
  static constexpr std::size_t kRoomsMax = 64;
  static constexpr std::size_t kRoomBytes = 8 << 10;
  std::vector<core::http::ResponseReader::Taken> rooms_;  // at most kRoomsMax, reserved
  // Outcomes to be told and calls to be started wait until the loop has seen to all sockets that had
  // something. What goes to clients and to backends then goes back to back, which wakes one that is on the
  // same machine once and not for each (docs/performance.md, "Forwarding").
  std::vector<Asker::CallId> to_start_, starting_;
  net::UvHandle<uv_check_t> check_;
  net::UvHandle<uv_idle_t> idle_;  // keeps the loop from sleeping while there are some
  Connection* buried_ = nullptr;  // in a list of their own
  std::size_t calls_under_way_ = 0;
  std::uint64_t refused_ = 0;  // questions that never became a call
  unsigned depth_ = 0;
  bool sweep_ = false;
  bool telling_now_ = false;
  bool draining_ = false;
  bool aborted_ = false;
};

}  // namespace proxy::upstream
