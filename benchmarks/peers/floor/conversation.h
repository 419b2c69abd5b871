#pragma once

#include <llhttp.h>

#include <cstddef>
#include <string>
#include <string_view>

#include "benchmarks/peers/floor/sign_up.h"

namespace peers {

/// One keep-alive connection of the hand-written servers: bytes in, answers out. It knows no
/// socket, so epoll and libuv drive the same work. A request is parsed where it was received; only
/// one that arrives in pieces is copied. Neither copied nor moved: the parser points to it.
class Conversation {
 public:
  /// Most bytes of a request kept while waiting for its rest.
  static constexpr std::size_t kPieceBytesMax = 64 << 10;

  explicit Conversation(SignUp& sign_up) noexcept;
  Conversation(const Conversation&) = delete;
  Conversation& operator=(const Conversation&) = delete;

  /// Takes what one read brought, appends the answers it completes to `out`. False when the
  /// connection ends after them. `bytes` is followed by SIMDJSON_PADDING readable bytes.
  bool take(std::string_view bytes, std::string& out);

 private:
  bool parse(std::string_view bytes);
  int on_message_complete();
  static Conversation& of(llhttp_t* parser) { return *static_cast<Conversation*>(parser->data); }
  static const llhttp_settings_t& settings();

  SignUp& sign_up_;
  llhttp_t parser_;
  std::string piece_;           // the beginning of a request, when its end has not come
  std::string* out_ = nullptr;  // during take()
  // Of the request being parsed; views into the bytes of take() or into piece_.
  const char* request_end_ = nullptr;  // the end of the last complete request
  std::string_view url_, authorization_, body_;
  bool at_authorization_ = false;
  bool body_in_chunks_ = false;
};

}  // namespace peers
