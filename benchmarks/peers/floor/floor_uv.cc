// F1 on libuv: the same work on uv_read_start and uv_try_write, to show what the loop costs.
#include <uv.h>

#include <array>
#include <cstdio>
#include <memory>
#include <string>

#include "benchmarks/peers/floor/conversation.h"
#include "benchmarks/peers/floor/listening.h"

namespace {

constexpr const char* kUsage = "floor_uv PORT WORK_UNIT_DIRECTORY";
// libuv reads once more after a read that filled the buffer: keep it larger than any request.
constexpr std::size_t kReadBytes = 64 << 10;

struct Server {
  uv_loop_t loop;
  uv_tcp_t listener;
  std::unique_ptr<peers::SignUp> sign_up;
  std::array<char, kReadBytes + simdjson::SIMDJSON_PADDING> buffer{};
  std::string out;  // the answers of one read
};

/// Lives until libuv lets go of the handle: deleted in the close callback.
struct Connection {
  explicit Connection(Server& owner) : server(owner), conversation(*owner.sign_up) {
    handle.data = this;
    write.data = this;
  }

  Server& server;
  peers::Conversation conversation;
  uv_tcp_t handle;
  uv_write_t write;
  std::string unsent;  // owned by `write` while it is under way; nothing is read meanwhile
  bool ends = false;
};

Connection& of(uv_handle_t* handle) { return *static_cast<Connection*>(handle->data); }

void close(Connection& connection) {
  auto* handle = reinterpret_cast<uv_handle_t*>(&connection.handle);
  if (uv_is_closing(handle)) return;
  uv_close(handle, [](uv_handle_t* closed) { delete &of(closed); });
}

void start_reading(Connection& connection);

/// Queues what uv_try_write() left, and reads on when it is gone.
void send_rest(Connection& connection, std::string_view rest) {
  uv_read_stop(reinterpret_cast<uv_stream_t*>(&connection.handle));
  connection.unsent.assign(rest);
  const uv_buf_t buffer = uv_buf_init(connection.unsent.data(), static_cast<unsigned>(rest.size()));
  const int rc = uv_write(&connection.write, reinterpret_cast<uv_stream_t*>(&connection.handle),
                          &buffer, 1, [](uv_write_t* write, int status) {
                            auto& written = *static_cast<Connection*>(write->data);
                            written.unsent.clear();
                            if (status < 0 || written.ends) return close(written);
                            start_reading(written);
                          });
  if (rc < 0) close(connection);
}

void on_read(uv_stream_t* stream, ssize_t got, const uv_buf_t* buffer) {
  Connection& connection = of(reinterpret_cast<uv_handle_t*>(stream));
  if (got == 0) return;  // EAGAIN
  if (got < 0) return close(connection);
  std::string& out = connection.server.out;
  out.clear();
  const std::string_view bytes(buffer->base, static_cast<std::size_t>(got));
  connection.ends = !connection.conversation.take(bytes, out);
  if (!out.empty()) {
    const uv_buf_t answers = uv_buf_init(out.data(), static_cast<unsigned>(out.size()));
    const int sent = uv_try_write(stream, &answers, 1);
    if (sent < 0 && sent != UV_EAGAIN) return close(connection);
    const auto done = sent < 0 ? std::size_t{0} : static_cast<std::size_t>(sent);
    if (done < out.size()) return send_rest(connection, std::string_view(out).substr(done));
  }
  if (connection.ends) close(connection);
}

void start_reading(Connection& connection) {
  uv_read_start(
      reinterpret_cast<uv_stream_t*>(&connection.handle),
      [](uv_handle_t* handle, std::size_t, uv_buf_t* buffer) {
        *buffer = uv_buf_init(of(handle).server.buffer.data(), kReadBytes);
      },
      on_read);
}

void on_connection(uv_stream_t* listener, int status) {
  if (status < 0) return;
  auto& server = *static_cast<Server*>(listener->data);
  auto connection = std::make_unique<Connection>(server);
  if (uv_tcp_init(&server.loop, &connection->handle) < 0) return;
  Connection& opened = *connection.release();  // from here on close() frees it
  auto* stream = reinterpret_cast<uv_stream_t*>(&opened.handle);
  if (uv_accept(listener, stream) < 0) return close(opened);
  uv_tcp_nodelay(&opened.handle, 1);
  start_reading(opened);
}

}  // namespace

int main(int argc, char** argv) {
  const std::uint16_t port = peers::port_or_exit(argc == 3 ? argv[1] : nullptr, kUsage);
  auto sign_up = peers::SignUp::load(argv[2]);
  if (!sign_up) {
    std::fprintf(stderr, "no work unit in %s: run benchmarks/work_unit/generate\n", argv[2]);
    return 1;
  }
  const auto server = std::make_unique<Server>();
  server->sign_up = std::make_unique<peers::SignUp>(std::move(*sign_up));
  uv_loop_init(&server->loop);
  uv_tcp_init(&server->loop, &server->listener);
  server->listener.data = server.get();
  uv_tcp_open(&server->listener, peers::listen_on_loopback(port));
  const int rc =
      uv_listen(reinterpret_cast<uv_stream_t*>(&server->listener), SOMAXCONN, on_connection);
  if (rc < 0) {
    std::fprintf(stderr, "cannot listen: %s\n", uv_strerror(rc));
    return 1;
  }
  uv_run(&server->loop, UV_RUN_DEFAULT);
}
