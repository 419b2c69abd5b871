#include "proxy/net/connection.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>

#include "core/claims/claims.h"
#include "proxy/net/server.h"

namespace proxy::net {
namespace {

constexpr std::size_t kInputBytesMin = 4 << 10;
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

}  // namespace

Ticket Exchange::wait() const noexcept {
  return connection == nullptr ? Ticket{} : connection->server_.take_ticket(*connection);
}

const core::gate::ShownCertificate* Exchange::certificate(
    const std::shared_ptr<const CallerTrust>& trust) const noexcept {
  return connection == nullptr || connection->tls_ == nullptr ? nullptr
                                                              : connection->certificate(trust);
}

Connection::Connection(Server& server, int fd, const PeerAddress& peer, std::uint16_t tls,
                       const Front* front)
    : server_(server),
      held_(server.memory_, Memory::For::kConnections),
      front_(front),
      fd_(fd),
      tls_number_(tls),
      peer_(peer) {
  active_ms_ = server.now_ms();
  held_.set(Memory::kConnectionBytes);
}

Connection* Connection::open(Server& server, UniqueFd fd, const PeerAddress& peer,
                             std::uint16_t tls, const Front* front) {
  auto* const connection = new (std::nothrow) Connection(server, fd.get(), peer, tls, front);
  if (connection == nullptr) return nullptr;
  if (front != nullptr && front->versions != core::callers::ProxyVersions::kNone) {
    connection->proxy_header_.reset(new (std::nothrow) std::string);
    const bool believed = front->proxies.holds(peer);
    if (!believed) bump(server.counters_.proxy_refused);
    if (connection->proxy_header_ == nullptr || !believed) {
      delete connection;
      return nullptr;
    }
    connection->held_.set(connection->own_bytes());
  }
  if (uv_poll_init(&server.loop_, &connection->poll_, fd.get()) != 0) {
    delete connection;  // libuv knows nothing of it
    return nullptr;
  }
  fd.release();
  connection->poll_.data = connection;
  connection->watch(UV_READABLE);
  return connection;
}

void Connection::close() noexcept {
  if (closed_) return;
  closed_ = true;
  if (tls_ != nullptr) say_goodbye();
  server_.forget(*this);
  release_input();
  output_.reset();
  tls_.reset();
  shown_.reset();
  proxy_header_.reset();
  held_.set(0);
  // The poll handle goes first: libuv takes the descriptor out of its epoll set.
  uv_close(reinterpret_cast<uv_handle_t*>(&poll_), [](uv_handle_t* handle) noexcept {
    delete static_cast<Connection*>(handle->data);
  });
  ::close(fd_);
}

void Connection::watch(int events) noexcept {
  if (closed_ || watched_ == events) return;
  watched_ = static_cast<std::uint8_t>(events);
  if (events == 0) {
    uv_poll_stop(&poll_);
  } else {
    uv_poll_start(&poll_, events, on_poll);
  }
}

void Connection::enter(Phase phase) noexcept {
  if (closed_) return;
  if (phase == phase_) {
    if (phase != Phase::kIdle) return;  // one deadline for the whole head, body, write
    if (active_ms_ < queued_ms_ + server_.idle_slack_ms()) return;
  }
  server_.dequeue(*this);
  server_.enqueue(*this, phase);
}

void Connection::on_poll(uv_poll_t* poll, int status, int events) noexcept {
  auto& connection = *static_cast<Connection*>(poll->data);
  if (connection.closed_) return;
  if (status < 0) {
    connection.close();
    return;
  }
  if ((events & UV_WRITABLE) != 0) connection.on_writable();
  if (!connection.closed_ && (events & UV_READABLE) != 0) connection.on_readable();
}

void Connection::on_readable() noexcept {
  if (phase_ == Phase::kLinger) {
    discard();
    return;
  }
  if (waiting_) {
    watch(0);  // it talks on, or has left: seen once the answer is there
    return;
  }
  if (proxy_header_ != nullptr) {
    on_proxy_header();
    return;
  }
  const bool busy = server_.busy() && !server_.draining_;
  if (busy && takes_long()) {
    server_.postpone(*this);
    return;
  }
  read(busy ? Server::kReceiveBytesWhenBusy : Server::kReceiveBytes);
}

/// Whether what has come is the rest of a large message, or the beginning of a handshake.
bool Connection::takes_long() const noexcept {
  if (input_ != nullptr) return input_->size >= Server::kLargeBytes;
  return tls_number_ != kPlain && tls_ == nullptr;
}

/// What was postponed, in the order in which it came.
void Connection::take_turn() noexcept {
  // Something else may have happened to it meanwhile.
  if (waiting_ || output_ != nullptr || phase_ == Phase::kLinger) return;
  if (unfinished_) {
    go_on();
    return;
  }
  watch(UV_READABLE);
  read(Server::kReceiveBytes);
}

void Connection::read(std::size_t room) noexcept {
  if (tls_number_ != kPlain) {
    receive_sealed(room);
    return;
  }
  if (input_ != nullptr) {
    receive_into_own(room);
    return;
  }
  char* const bytes = server_.receive_.get();
  const ssize_t got = ::recv(fd_, bytes, room, 0);
  if (got <= 0) {
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    close();  // nothing is under way
    return;
  }
  const auto size = static_cast<std::size_t>(got);
  if (size >= Server::kLargeBytes) server_.took_long();
  const std::size_t used = converse(bytes, size, *server_.reader_);
  // A message that was not read to its end is nobody's: the next connection begins afresh.
  if (closed_ || last_answer_) server_.reader_->reset();
  if (!closed_) settle(bytes + used, size - used);
}

void Connection::receive_into_own(std::size_t room) noexcept {
  if (input_->size == input_->capacity && !reserve_input(input_->capacity * 2)) {
    shed();
    return;
  }
  const ssize_t got = ::recv(fd_, input_->bytes.get() + input_->size,
                             std::min(room, input_->capacity - input_->size), 0);
  if (got <= 0) {
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    close();  // a message was cut off: there is nobody to tell
    return;
  }
  input_->size += static_cast<std::size_t>(got);
  const std::size_t size = input_->size;
  const std::uint32_t answered = requests_;
  const std::size_t used = converse(input_->bytes.get(), size, *input_->reader);
  // The rest of a large message costs what all of it does.
  if (static_cast<std::size_t>(got) >= Server::kLargeBytes ||
      (requests_ != answered && size >= Server::kLargeBytes)) {
    server_.took_long();
  }
  if (!closed_) settle(input_->bytes.get() + used, size - used);
}

/// Answers the complete messages in `bytes` and sends the answers. The result counts the bytes that
/// were used up; the connection may be closed afterwards.
std::size_t Connection::converse(char* bytes, std::size_t size,
                                 core::http::RequestReader& reader) noexcept {
  using State = core::http::RequestReader::State;
  Server& server = server_;
  core::http::OutBuffer& out = server.out_;
  out.clear();
  active_ms_ = server.now_ms();
  // What began in an earlier read began then.
  std::uint64_t began_ms = input_ != nullptr ? input_->began_ms : active_ms_;
  server.handler_.on_batch(uv_hrtime());
  std::size_t at = 0;
  bool incomplete = false;
  unfinished_ = false;
  const std::uint32_t turn_ends =
      requests_ + (server.busy() ? Server::kMessagesWhenBusy : Server::kMessagesPerTurn);
  while (at < size && !last_answer_ && !incomplete && !waiting_) {
    if (requests_ == turn_ends) {
      unfinished_ = true;
      break;
    }
    State state = reader.advance(bytes + at, size - at);
    if (state == State::kHead) {
      state = reader.advance(bytes + at, size - at);  // the body may be here already
      if (state == State::kMore && wait_for_body(reader)) break;
    }
    switch (state) {
      case State::kHead:
      case State::kMore: incomplete = true; break;
      case State::kRefused:
        server.handler_.refuse(reader.refusal(), peer_, out);
        last_answer_ = linger_ = true;
        break;
      case State::kMessage: {
        const core::http::Request& request = reader.request();
        ++requests_;
        const std::uint64_t limit = server.limits_.requests_per_connection_max;
        last_answer_ = !request.keep_alive || server.draining_ || (limit != 0 && requests_ >= limit);
        waiting_ = server.handler_.answer({request, caller_of(request), last_answer_, out, began_ms, this}) ==
                   Handler::Progress::kPending;
        at += request.wire_bytes;
        reader.reset();
        began_ms = active_ms_;
        if (out.view().size() >= Server::kFlushBytes && flush() != Flush::kDone) return at;
        break;
      }
    }
  }
  if (last_answer_ && at < size) linger_ = true;  // it goes on talking
  if (input_ != nullptr) input_->began_ms = began_ms;
  flush();
  return at;
}

/// A request's head is here and its body is not. True when it was refused at once.
bool Connection::wait_for_body(core::http::RequestReader& reader) noexcept {
  Server& server = server_;
  const core::http::Request& request = reader.request();
  if (server.handler_.refuse_early(
          {request, caller_of(request), true, server.out_, active_ms_, this})) {
    last_answer_ = linger_ = true;
    return true;
  }
  if (request.expects_continue) {
    if (char* const to = server.out_.reserve(kContinue.size())) {
      std::memcpy(to, kContinue.data(), kContinue.size());
      server.out_.commit(kContinue.size());
    }
  }
  return false;
}

/// After a batch: keeps what was not used up, and waits for what comes next.
void Connection::settle(char* rest, std::size_t size) noexcept {
  if (waiting_) {
    // What came behind waits with it, unless nothing more is answered here.
    if (!last_answer_ && size > 0) {
      if (!keep_rest(rest, size)) return;
    } else {
      release_input();
    }
    enter(Phase::kWaiting);
    // Usually nothing comes until the answer is out: to stop watching only when something does
    // saves two system calls a request.
    watch(output_ != nullptr ? UV_WRITABLE : UV_READABLE);
    return;
  }
  if (output_ != nullptr) {
    // The client does not take its answers: nothing more is read until it does.
    if (!last_answer_ && size > 0) {
      if (!keep_rest(rest, size)) return;
    } else {
      release_input();
    }
    enter(Phase::kWriting);
    watch(UV_WRITABLE);
    return;
  }
  if (last_answer_) {
    finish();
    return;
  }
  if (unfinished_) {
    if (!keep_rest(rest, size)) return;
    // It comes back in another turn, behind everybody who is ready now. Its time begins anew, because it is
    // not the client who is slow.
    server_.dequeue(*this);
    server_.enqueue(*this, Phase::kWriting);
    server_.postpone(*this);
    return;
  }
  if (size == 0) {
    release_input();
    enter(Phase::kIdle);
  } else {
    if (!keep_rest(rest, size)) return;
    enter(input_->reader->in_body() ? Phase::kBody : Phase::kHead);
  }
  watch(UV_READABLE);
}

/// Makes the rest of a batch the connection's own, with the reader that has begun to read it. False when
/// there was no memory: then the connection is given up.
bool Connection::keep_rest(char* rest, std::size_t size) noexcept {
  if (input_ != nullptr) {
    if (rest != input_->bytes.get()) std::memmove(input_->bytes.get(), rest, size);
    input_->size = size;
    return true;
  }
  input_.reset(new (std::nothrow) Input(server_.memory_));
  if (input_ == nullptr || !reserve_input(std::max(kInputBytesMin, size * 2))) {
    input_.reset();
    shed(server_.reader_.get(), rest, size);
    server_.reader_->reset();
    return false;
  }
  std::memcpy(input_->bytes.get(), rest, size);
  input_->size = size;
  input_->began_ms = active_ms_;
  input_->reader = std::move(server_.reader_);
  server_.reader_ = server_.take_reader();
  return true;
}

bool Connection::reserve_input(std::size_t capacity) noexcept {
  const std::size_t bytes = capacity + core::claims::kReadPadding;
  const std::size_t wanted = bytes + server_.reader_bytes();
  if (!server_.make_room(*this, wanted - input_->held.bytes())) return false;
  std::unique_ptr<char[]> larger(new (std::nothrow) char[bytes]);
  if (larger == nullptr) return false;
  input_->held.set(wanted);
  if (input_->size > 0) std::memcpy(larger.get(), input_->bytes.get(), input_->size);
  std::memset(larger.get() + input_->size, 0, capacity + core::claims::kReadPadding - input_->size);
  input_->bytes = std::move(larger);
  input_->capacity = capacity;
  return true;
}

void Connection::release_input() noexcept {
  if (input_ == nullptr) return;
  server_.give_reader(std::move(input_->reader));
  input_.reset();
}

/// Sends what the batch has to say. What the socket does not take becomes the connection's own.
Connection::Flush Connection::flush() noexcept {
  std::string_view answers = server_.out_.view();
  if (tls_ != nullptr) {
    if (!answers.empty() && !tls_->write(answers, server_.sealed_out_)) {
      close();
      return Flush::kFailed;
    }
    answers = server_.sealed_out_.view();
  }
  if (output_ == nullptr) {
    while (!answers.empty()) {
      const ssize_t sent = ::send(fd_, answers.data(), answers.size(), MSG_NOSIGNAL);
      if (sent < 0) {
        if (errno == EINTR) continue;
        if (errno == EAGAIN) break;
        close();
        return Flush::kFailed;
      }
      answers.remove_prefix(static_cast<std::size_t>(sent));
    }
  }
  if (!answers.empty()) {
    // A string that grows doubles.
    const std::size_t had = output_ == nullptr ? 0 : output_->bytes.capacity();
    const std::size_t size = (output_ == nullptr ? 0 : output_->bytes.size()) + answers.size();
    if (size > had && !server_.make_room(*this, std::max(size, had * 2) - had)) {
      close();  // part of an answer may be out already
      return Flush::kFailed;
    }
    try {
      if (output_ == nullptr) output_ = std::make_unique<Output>(server_.memory_);
      output_->bytes.append(answers);
    } catch (const std::bad_alloc&) {
      close();
      return Flush::kFailed;
    }
    output_->held.set(output_->bytes.capacity());
  }
  server_.out_.clear();
  server_.sealed_out_.clear();
  return output_ == nullptr ? Flush::kDone : Flush::kBlocked;
}

void Connection::on_writable() noexcept {
  if (output_ == nullptr) return;
  while (output_->sent < output_->bytes.size()) {
    const ssize_t sent = ::send(fd_, output_->bytes.data() + output_->sent,
                                output_->bytes.size() - output_->sent, MSG_NOSIGNAL);
    if (sent < 0) {
      if (errno == EINTR) continue;
      if (errno == EAGAIN) return;
      close();
      return;
    }
    output_->sent += static_cast<std::size_t>(sent);
  }
  output_.reset();
  go_on();
}

/// The answers so far are out: what comes next.
void Connection::go_on() noexcept {
  if (waiting_) {
    watch(0);
    return;
  }
  if (phase_ == Phase::kHandshake) {
    watch(UV_READABLE);
    return;
  }
  if (last_answer_) {
    finish();
    return;
  }
  if (input_ == nullptr) {
    settle(nullptr, 0);
    return;
  }
  // Requests that came while the client did not read its answers.
  const std::size_t size = input_->size;
  const std::size_t used = converse(input_->bytes.get(), size, *input_->reader);
  if (!closed_) settle(input_->bytes.get() + used, size - used);
}

/// The answer that it waited for. `close` says that it is the last.
void Connection::complete(std::string_view answer, bool close) noexcept {
  waiting_ = false;
  last_answer_ = last_answer_ || close;
  // What came behind the request is not answered any more: it is read and thrown away.
  if (last_answer_ && (input_ != nullptr || watched_ == 0)) linger_ = true;
  active_ms_ = server_.now_ms();
  server_.out_.clear();
  if (!server_.out_.append(answer)) {
    this->close();
    return;
  }
  if (flush() == Flush::kFailed) return;
  if (output_ == nullptr) {
    go_on();
    return;
  }
  // Earlier answers have not been taken either, or this one is large.
  enter(Phase::kWriting);
  watch(UV_WRITABLE);
}

/// What it costs besides what it has begun to read and could not write.
std::size_t Connection::own_bytes() const noexcept {
  std::size_t bytes = Memory::kConnectionBytes;
  if (proxy_header_ != nullptr) bytes += Memory::kProxyHeaderBytes;
  if (tls_ != nullptr) bytes += tls_->open() ? Memory::kSessionBytes : Memory::kHandshakeBytes;
  if (shown_ != nullptr) bytes += Memory::kShownBytes;
  return bytes;
}

void Connection::release_session() noexcept {
  tls_.reset();
  shown_.reset();
  held_.set(own_bytes());
}

}  // namespace proxy::net
