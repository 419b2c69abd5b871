// How a client comes to a connection, and what it does without one.
#include <algorithm>
#include <new>
#include <utility>

#include "proxy/log.h"
#include "proxy/redis/client.h"

namespace proxy::redis {
namespace {

constexpr std::uint64_t kGoodMs = 1'000;  // a connection that lasted so long was a good one

}  // namespace

void Client::connect() noexcept {
  state_ = State::kConnecting;
  pausing_ = false;
  deadlines_.set(connect_due_, now_ms() + options_.connect_timeout_ms);
  if (literal_) return connect_to_addresses();
  // Looked up each time: after a failover another server may be behind the name.
  try {
    lookup_ = upstream::Lookup::begin(
        loop_, options_.resolver, options_.host, [this](int status, const addrinfo* answer) {
          lookup_ = nullptr;
          try {
            if (status == 0) addresses_.adopt(answer, options_.port);
          } catch (const std::bad_alloc&) {
          }
          if (addresses_.empty()) return lose(Failure::kUnavailable, "its name cannot be resolved");
          connect_to_addresses();
        });
  } catch (const std::bad_alloc&) {
    lookup_ = nullptr;
  }
  if (lookup_ == nullptr) lose(Failure::kUnavailable, "its name cannot be looked up");
}

void Client::connect_to_addresses() noexcept {
  try {
    wire_ = std::make_unique<Wire>(loop_, options_, addresses_, session_,
                                   static_cast<Wire::Owner&>(*this));
    reader_ = std::make_unique<ReplyReader>(options_.reply_bytes_max);
  } catch (const std::bad_alloc&) {
    wire_.reset();
    return lose(Failure::kUnavailable, "out of memory");
  }
  if (!wire_->connect()) lose(Failure::kUnavailable, "it cannot be reached");
}

void Client::on_connect_due() noexcept {
  if (pausing_) return connect();
  if (state_ != State::kConnecting && state_ != State::kGreeting) return;
  if (wire_ != nullptr) wire_->blame_address();
  lose(Failure::kUnavailable, "connecting takes too long");
}

void Client::on_open() noexcept {
  state_ = State::kGreeting;
  try {
    greet();
  } catch (const std::bad_alloc&) {
    lose(Failure::kUnavailable, "out of memory");
  }
}

/// Everything that a connection begins with goes out together; the PING behind it is answered once the
/// server can serve.
void Client::greet() {
  greeting_.clear();
  greeted_ = 0;
  std::string bytes;
  const auto say = [&](Greeting kind, const Command& command) {
    greeting_.push_back(kind);
    bytes += command.bytes();
  };
  if (!options_.password.view().empty()) {
    say(Greeting::kAuth, options_.username.empty()
                             ? Command{"AUTH", options_.password.view()}
                             : Command{"AUTH", options_.username, options_.password.view()});
  }
  if (options_.database != 0) {
    say(Greeting::kSelect, Command{"SELECT", std::to_string(options_.database)});
  }
  say(Greeting::kName, Command{"CLIENT", "SETNAME", "claimgate"});
  for (const Script* script : options_.scripts) {
    say(Greeting::kScript, Command{"SCRIPT", "LOAD", script->text()});
  }
  say(Greeting::kPing, Command{"PING"});
  wire_->write(bytes);
  core::wipe(bytes);
}

/// False when the connection is given up.
bool Client::take_greeting(const Reply& reply) noexcept {
  const Greeting kind = greeting_[greeted_++];
  const bool error = reply.kind == Reply::Kind::kError;
  // A user who may not set names or load scripts can do without: EVAL sends their text.
  if (error && kind != Greeting::kName && kind != Greeting::kScript) {
    const std::string_view word = reply.error_word();
    const bool stranger = kind == Greeting::kAuth || word == "NOAUTH" || word == "NOPERM";
    lose(Failure::kUnavailable, stranger                    ? "it refuses the username or password"
                                : kind == Greeting::kSelect ? "it has no such database"
                                : word == "LOADING"         ? "it is still loading its data"
                                                            : "it is in no state to answer");
    return false;
  }
  if (kind == Greeting::kPing && !reply.is_text("PONG")) {
    lose(Failure::kProtocol, "its answers make no sense");
    return false;
  }
  if (greeted_ == greeting_.size()) become_ready();
  return true;
}

void Client::become_ready() noexcept {
  state_ = State::kReady;
  ready_ms_ = now_ms();
  deadlines_.clear(connect_due_);
  deadlines_.set(ping_due_, now_ms() + options_.ping_ms);
  counters_.connections.fetch_add(1, std::memory_order_relaxed);
  counters_.connected.store(1, std::memory_order_relaxed);
  if (!noted_.empty()) {
    log::info("{}: connected again", options_.name());
    noted_.clear();
  }
  if (on_ready) on_ready();
}

void Client::on_end(std::string_view why) noexcept {
  lose(state_ == State::kReady ? Failure::kLost : Failure::kUnavailable, why);
}

/// The connection, or the attempt at one, is over. What was sent may have been done; what was not waits
/// for the next connection, unless that is not expected soon.
void Client::lose(Failure failure, std::string_view why) noexcept {
  if (state_ == State::kClosed || state_ == State::kAway) return;
  const bool was_ready = state_ == State::kReady;
  state_ = State::kAway;
  counters_.connected.store(0, std::memory_order_relaxed);
  if (!was_ready) counters_.connect_failures.fetch_add(1, std::memory_order_relaxed);
  if (lookup_ != nullptr) lookup_->cancel();
  lookup_ = nullptr;
  if (wire_ != nullptr) wire_->close();  // freed with the next attempt: this may be called from it
  deadlines_.clear(silence_due_);
  deadlines_.clear(ping_due_);
  note(why);
  const bool at_once = was_ready && now_ms() - ready_ms_ >= kGoodMs;
  failures_ = at_once ? 0 : failures_ + 1;
  std::uint64_t wait_ms = 0;
  if (!at_once) {
    const std::uint64_t most_ms =
        std::min(options_.backoff_ms_max, options_.backoff_ms << std::min(failures_ - 1, 16U));
    wait_ms = most_ms / 2 + random_.below(most_ms / 2 + 1);
  }
  pausing_ = true;
  deadlines_.set(connect_due_, now_ms() + wait_ms);
  if (at_once) state_ = State::kConnecting;  // what comes now waits for that
  fail_all(in_flight_, failure == Failure::kProtocol ? Failure::kProtocol : Failure::kLost);
  if (!at_once) fail_all(waiting_, Failure::kUnavailable);
}

/// Logs a trouble unless it is the last one logged.
void Client::note(std::string_view trouble) noexcept {
  if (noted_ == trouble) return;
  try {
    noted_ = trouble;
  } catch (const std::bad_alloc&) {
  }
  log::warn("{}: {}", options_.name(), trouble);
}

}  // namespace proxy::redis
