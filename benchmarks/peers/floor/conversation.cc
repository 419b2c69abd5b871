#include "benchmarks/peers/floor/conversation.h"

#include <strings.h>

namespace peers {

const llhttp_settings_t& Conversation::settings() {
  static const llhttp_settings_t kSettings = [] {
    llhttp_settings_t made;
    llhttp_settings_init(&made);
    made.on_message_begin = [](llhttp_t* parser) {
      Conversation& self = of(parser);
      self.url_ = self.authorization_ = self.body_ = {};
      self.body_in_chunks_ = false;
      return 0;
    };
    made.on_url = [](llhttp_t* parser, const char* at, std::size_t size) {
      of(parser).url_ = {at, size};
      return 0;
    };
    made.on_header_field = [](llhttp_t* parser, const char* at, std::size_t size) {
      constexpr std::string_view kName = "authorization";
      of(parser).at_authorization_ =
          size == kName.size() && strncasecmp(at, kName.data(), size) == 0;
      return 0;
    };
    made.on_header_value = [](llhttp_t* parser, const char* at, std::size_t size) {
      if (of(parser).at_authorization_) of(parser).authorization_ = {at, size};
      return 0;
    };
    made.on_body = [](llhttp_t* parser, const char* at, std::size_t size) {
      Conversation& self = of(parser);
      self.body_in_chunks_ = (parser->flags & F_CHUNKED) != 0;
      self.body_ = {at, size};
      return 0;
    };
    made.on_message_complete = [](llhttp_t* parser) { return of(parser).on_message_complete(); };
    return made;
  }();
  return kSettings;
}

Conversation::Conversation(SignUp& sign_up) noexcept : sign_up_(sign_up) {
  llhttp_init(&parser_, HTTP_REQUEST, &settings());
  parser_.data = this;
}

bool Conversation::take(std::string_view bytes, std::string& out) {
  out_ = &out;
  if (piece_.empty()) {
    const bool goes_on = parse(bytes);
    const auto left = static_cast<std::size_t>(bytes.data() + bytes.size() - request_end_);
    if (!goes_on || left == 0) return goes_on;
    piece_.assign(request_end_, left);
  } else {
    // Rare: parse again from the request's beginning, now that more of it is here.
    piece_.reserve(piece_.size() + bytes.size() + simdjson::SIMDJSON_PADDING);
    piece_.append(bytes);
    if (!parse(piece_)) return false;
    piece_.erase(0, static_cast<std::size_t>(request_end_ - piece_.data()));
    if (piece_.empty()) return true;
  }
  llhttp_reset(&parser_);
  if (piece_.size() <= kPieceBytesMax) return true;
  append_refusal("413 Content Too Large", out);
  return false;
}

bool Conversation::parse(std::string_view bytes) {
  const char* at = bytes.data();
  const char* const end = at + bytes.size();
  request_end_ = at;
  while (true) {
    const llhttp_errno_t error = llhttp_execute(&parser_, at, static_cast<std::size_t>(end - at));
    if (error == HPE_OK) return true;
    if (error != HPE_PAUSED) {
      if (error != HPE_USER) append_refusal("400 Bad Request", *out_);
      return false;
    }
    // A request without a body ends where its head does: only llhttp knows the place.
    request_end_ = at = llhttp_get_error_pos(&parser_);
    llhttp_resume(&parser_);
    if (at == end) return true;
  }
}

/// 0: go on; HPE_PAUSED: go on, but tell where the request ended; HPE_USER: the connection ends.
int Conversation::on_message_complete() {
  if (body_in_chunks_) {
    append_refusal("411 Length Required", *out_);
    return HPE_USER;
  }
  if (url_ != "/signup" || parser_.method != HTTP_POST) {
    append_refusal("404 Not Found", *out_);
    return HPE_USER;
  }
  sign_up_.answer(authorization_, body_, *out_);
  if (!llhttp_should_keep_alive(&parser_)) return HPE_USER;
  if (body_.empty()) return HPE_PAUSED;
  request_end_ = body_.data() + body_.size();
  return 0;
}

}  // namespace peers
