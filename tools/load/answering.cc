#include <sys/epoll.h>

#include <algorithm>

#include "tools/load/worker.h"

// What comes back, and what does not.
//
// A request may end in one of three ways: a complete response arrived (right or wrong), it failed
// for one of the reasons of ErrorKind, or the run was stopped with it still out. Two things are
// tried again, and counted: an attempt that timed out, as Azure AD B2C does it (protocol.md a.9),
// and a request whose kept-alive connection was closed before any byte of the answer, once, as
// every HTTP client does it (RFC 9112, 9.3.1).
namespace load {
namespace {

// A server that refuses connections is not asked again at once: that would be a denial of service
// against both sides.
constexpr std::uint64_t kRest_ns = 10 * kNsPerMs;

std::string describe(const Exchange& exchange, const ResponseReader& reader, AnswerFault fault) {
  constexpr std::size_t kShown = 300;
  const Expectation& expect = exchange.request.expect;
  std::string text = std::string("wrong ") + kFaultNames[static_cast<std::size_t>(fault)] +
                     " for a request of kind " +
                     kKindNames[static_cast<std::size_t>(exchange.request.kind)] + ": expected " +
                     std::to_string(expect.status_min);
  if (expect.status_max != expect.status_min) text += " to " + std::to_string(expect.status_max);
  if (!expect.action.empty()) text += " " + std::string(expect.action);
  text += ", got " + std::to_string(reader.status()) + " ";
  text += reader.body().substr(0, kShown);
  return text;
}

}  // namespace

void Worker::remember(const std::string& example) { measured_.add_example(example); }

void Worker::on_event(Connection& connection, std::uint32_t events) {
  bool just_ready = false;
  if (connection.opening()) {
    switch (connection.advance()) {
      case Connection::Io::kMoved:
        break;
      case Connection::Io::kWouldBlock:
        return;
      case Connection::Io::kEnded:
      case Connection::Io::kFailed:
        lose(connection, connection.handshake_failed() ? ErrorKind::kTls : ErrorKind::kConnect,
             connection.fault());
        return;
    }
    on_ready(connection);
    if (connection.state() != Connection::State::kReady) return;
    just_ready = true;
  } else if ((events & EPOLLOUT) != 0) {
    flush(connection);
    if (connection.state() != Connection::State::kReady) return;
  }
  constexpr std::uint32_t kEnd = EPOLLRDHUP | EPOLLHUP | EPOLLERR;
  // The handshake may have taken bytes of what follows it along: no event will tell of them.
  if ((events & (EPOLLIN | kEnd)) != 0 || (just_ready && connection.tls())) {
    on_readable(connection, (events & kEnd) != 0);
  }
}

void Worker::on_ready(Connection& connection) {
  if (connection.resumed()) ++measured_.transport.resumed;
  const std::uint64_t now = read_clock();
  for (const std::uint32_t slot : connection.exchanges) exchanges_[slot].sent_ns = now;
  if (started_ && plan_.schedule == nullptr) {
    fill(connection);
  } else {
    flush(connection);
  }
}

void Worker::flush(Connection& connection) {
  if (connection.state() != Connection::State::kReady) return;
  switch (connection.flush(measured_.transport.bytes_out)) {
    case Connection::Io::kMoved:
    case Connection::Io::kWouldBlock:
      offer(connection);
      return;
    case Connection::Io::kEnded:
    case Connection::Io::kFailed:
      lose(connection, ErrorKind::kReset, connection.fault());
      return;
  }
}

void Worker::on_readable(Connection& connection, bool to_the_end) {
  while (true) {
    std::size_t got = 0;
    const Connection::Io io = connection.read(buffer_.get(), kBufferBytes, got);
    if (io == Connection::Io::kWouldBlock) break;
    if (io == Connection::Io::kMoved) {
      measured_.transport.bytes_in += got;
      if (!on_bytes(connection, {buffer_.get(), got})) return;
      // Less than asked for: the socket is empty, the next byte will be an event of its own.
      if (!connection.tls() && !to_the_end && got < kBufferBytes) break;
      continue;
    }
    if (!connection.exchanges.empty() && connection.reader.end_of_stream()) {
      on_response(connection);
      return;
    }
    lose(connection, ErrorKind::kReset,
         io == Connection::Io::kEnded ? "the server closed the connection" : connection.fault());
    return;
  }
  if (started_ && plan_.schedule == nullptr) {
    fill(connection);
  } else {
    offer(connection);
  }
}

/// False when the connection is gone.
bool Worker::on_bytes(Connection& connection, std::string_view bytes) {
  while (!bytes.empty()) {
    if (connection.exchanges.empty()) {
      ++measured_.transport.unsolicited;
      remember("bytes that no request asked for: " + std::string(bytes.substr(0, 100)));
      release(connection);
      return false;
    }
    bytes.remove_prefix(connection.reader.feed(bytes));
    if (connection.reader.state() == ResponseReader::State::kBad) {
      lose(connection, ErrorKind::kMalformed, std::string(connection.reader.fault()));
      return false;
    }
    if (connection.reader.state() == ResponseReader::State::kDone && !on_response(connection)) {
      return false;
    }
  }
  return true;
}

/// The reader holds a complete response to the oldest exchange. False when the connection is gone.
bool Worker::on_response(Connection& connection) {
  const std::uint32_t slot = connection.exchanges.front();
  connection.exchanges.pop_front();
  exchanges_.take_in(slot);
  read_clock();
  count_answer(exchanges_[slot], connection.reader);
  exchanges_.give_back(slot);
  if (connection.answers++ == 0 && plan_.tls_resume && connection.tls()) {
    session_ = connection.session();
  }
  const bool keep = connection.reader.keep_alive() && plan_.keep_alive;
  connection.reader.start();
  if (!keep) release(connection);
  return keep;
}

void Worker::count_answer(const Exchange& exchange, const ResponseReader& reader) {
  const AnswerFault fault = answers_.check(reader.status(), reader.body(), exchange.request.expect);
  Tally& tally = tally_of(exchange);
  ++tally.answered;
  ++tally.status_classes[static_cast<std::size_t>(reader.status() / 100)];
  const bool right = fault == AnswerFault::kNone;
  if (right) {
    ++tally.right;
  } else {
    ++tally.wrong[static_cast<std::size_t>(fault)];
    ++interval_counts_.wrong;
    remember(describe(exchange, reader, fault));
  }
  ++interval_counts_.answered;
  const std::uint64_t response_ns =
      now_ns_ > exchange.intended_ns ? now_ns_ - exchange.intended_ns : 0;
  if (now_ns_ >= plan_.warmup_ns) interval_response_.record(response_ns);
  if (!exchange.measured) return;
  measured_.response.record(response_ns);
  measured_.service.record(now_ns_ > exchange.sent_ns ? now_ns_ - exchange.sent_ns : 0);
  if (PhaseTally* phase = phase_of(exchange.intended_ns)) {
    ++phase->answered;
    if (!right) ++phase->failed;
    phase->response.record(response_ns);
  }
}

void Worker::send_again(std::uint32_t slot) {
  Exchange& exchange = exchanges_[slot];
  exchange.resent = true;
  ++tally_of(exchange).resent;
  again_.push_back(slot);
}

void Worker::fail(std::uint32_t slot, ErrorKind kind, const std::string& why) {
  const Exchange& exchange = exchanges_[slot];
  ++tally_of(exchange).errors[static_cast<std::size_t>(kind)];
  ++interval_counts_.failed;
  if (PhaseTally* phase = phase_of(exchange.intended_ns)) ++phase->failed;
  remember(std::string(kErrorNames[static_cast<std::size_t>(kind)]) + ": " + why);
  exchanges_.give_back(slot);
}

/// The connection is unusable. What it owed is sent again where that is fair, and fails otherwise.
void Worker::lose(Connection& connection, ErrorKind kind, const std::string& why) {
  const bool ready = connection.state() == Connection::State::kReady;
  if (!ready) connect_fault_ = why;
  if (ready && connection.exchanges.empty()) ++measured_.transport.closed_by_server;
  const bool stale = kind == ErrorKind::kReset && connection.answers > 0;
  bool first = true;
  for (const std::uint32_t slot : connection.exchanges) {
    exchanges_.take_in(slot);
    const bool unanswered = !first || connection.reader.untouched();
    if (stale && unanswered && !exchanges_[slot].resent) {
      send_again(slot);
    } else {
      fail(slot, kind, why);
    }
    first = false;
  }
  connection.exchanges.clear();
  connection.close();
  if (ready) {
    closed_.push_back(connection.index);
  } else {
    resting_.push_back({connection.index, now_ns_ + kRest_ns});
  }
}

/// Closes a connection on purpose; what it still owes is sent again, through no fault of its own.
void Worker::release(Connection& connection) {
  for (const std::uint32_t slot : connection.exchanges) {
    exchanges_.take_in(slot);
    send_again(slot);
  }
  connection.exchanges.clear();
  connection.close();
  closed_.push_back(connection.index);
}

/// Gives up on the attempts whose time is over. The connection goes with them: whatever still comes
/// on it would be taken for the answer to something else.
void Worker::expire() {
  while (exchanges_.first_deadline_ns() <= now_ns_) {
    const std::uint32_t slot = exchanges_.first_out();
    Exchange& exchange = exchanges_[slot];
    Connection& connection = *connections_[exchange.connection];
    Tally& tally = tally_of(exchange);
    ++tally.attempts_timed_out;
    exchanges_.take_in(slot);
    std::erase(connection.exchanges, slot);
    if (exchange.attempts <= plan_.retries) {
      ++exchange.attempts;
      ++tally.retries;
      again_.push_back(slot);
    } else {
      fail(slot, ErrorKind::kTimeout, "no answer in time");
    }
    release(connection);
  }
}

}  // namespace load
