// How a head is read.
//
// The bytes are looked at once as they come, 32 at a time, for line ends and for bytes that
// must not be in a head (LineReader): those are refused on the spot, and so is a head that grows
// beyond its limits. The request line is taken apart when its end is there. A field line that
// every recipient reads alike (plain_field.h) is split while it is at hand. When the empty line is
// there and any line was not of that kind, llhttp gets all fields in one call. The rules of
// field_rules.h are applied to what was found either way.
//
// llhttp does not see the request line. Its versions differ in what they take there (methods,
// characters of the target, versions of HTTP), it knows no unknown method, and CONNECT and Upgrade
// would change its state for bytes that are none of its business. A parser that has just read a
// request line of ours is kept and copied for each head instead; llhttp_t is a plain struct without
// pointers into itself.
//
// What llhttp reports is held against the lines that were counted here: its fields must cover
// every line, each name must end in a colon and each value at the line's end. So such a message
// passes only if two readers that know nothing of each other agree on its fields. Where llhttp
// objects, diagnose() finds the reason, because that decides the status, and because the answer
// must not depend on the version of llhttp.
//
// Heads of plain lines only, which is what callers send, are not shown to llhttp: it would find the
// same, and it reads byte by byte, which was half of the price of a message. That it would find
// the same is not believed but asked: a reader made with PlainFields::kByLlhttp shows it every
// head, and tests/core/http/plain_field_test.cc and the fuzz target compare the two, refusals
// included. Nothing with a transfer coding, an upgrade, white space where some skip it and some do
// not, or a length that is not a short number is plain.
//
// Partial heads are not given to llhttp: its state would have to survive the moves of the buffer,
// and its spans would come in pieces. Waiting costs nothing, as our own scan never starts over.
//
// The price (benchmarks/micro/http_bench.cc; a head of 231 bytes with six fields, a body of 780;
// g++ 12.2 -O3, LTO, x86-64-v2): 1,620 instructions; 3,400 when llhttp splits the fields, of which
// it has 1,770 with its callbacks and holding the two readings together 200. llhttp alone over the
// same message, checking none of this: 2,140.

#include "core/http/request_reader.h"

#include <algorithm>

#include "core/http/field_sink.h"
#include "core/http/plain_field.h"
#include "core/http/request_line.h"
#include "core/http/syntax.h"

namespace core::http {

namespace {

constexpr llhttp_settings_t kSettings = FieldSink::settings();

std::string_view rebased(std::string_view view, const char* from, const char* to) noexcept {
  if (view.data() == nullptr) return view;
  // By address: the buffer `from` pointed into may be gone.
  const auto offset =
      reinterpret_cast<std::uintptr_t>(view.data()) - reinterpret_cast<std::uintptr_t>(from);
  return {to + offset, view.size()};
}

/// Limits as they are used: never so large that a sum of two wraps.
Limits bounded(Limits limits) noexcept {
  constexpr std::size_t kMax = std::size_t{1} << 40;
  for (std::size_t* const limit :
       {&limits.request_line_bytes, &limits.head_bytes, &limits.body_bytes,
        &limits.chunk_extension_bytes, &limits.trailer_bytes}) {
    *limit = std::min(*limit, kMax);
  }
  return limits;
}

}  // namespace

RequestReader::RequestReader(const Limits& limits, PlainFields plain)
    : limits_(bounded(limits)),
      fields_(std::make_unique<Header[]>(limits.header_fields)),
      split_here_(plain == PlainFields::kSplitHere),
      chunks_(limits_) {
  constexpr std::string_view kRequestLine = "POST / HTTP/1.1\r\n";
  llhttp_init(&behind_request_line_, HTTP_REQUEST, &kSettings);
  llhttp_execute(&behind_request_line_, kRequestLine.data(), kRequestLine.size());
  reset();
}

void RequestReader::reset() noexcept {
  phase_ = Phase::kHead;
  started_ = false;
  plain_ = split_here_;
  bytes_ = nullptr;
  fields_at_ = line_count_ = body_at_ = content_length_ = 0;
  line_ = {};
  request_ = {};
}

std::size_t RequestReader::expected_bytes() const noexcept {
  switch (phase_) {
    case Phase::kCounted:
      return body_at_ + content_length_;
    case Phase::kChunked:
      return chunks_.expected_bytes();
    case Phase::kMessage:
      return request_.wire_bytes;
    default:
      return 0;
  }
}

RequestReader::State RequestReader::refused() noexcept {
  phase_ = Phase::kRefused;
  return State::kRefused;
}

RequestReader::State RequestReader::refuse(int status, std::size_t offset,
                                           std::string_view reason) noexcept {
  refusal_ = {status, offset, reason};
  return refused();
}

/// Takes the views along when the message has moved.
void RequestReader::follow(const char* bytes) noexcept {
  if (bytes_ != bytes && bytes_ != nullptr) {
    for (std::string_view* const view : {&request_.method_text, &request_.target, &request_.path,
                                         &request_.query, &request_.body}) {
      *view = rebased(*view, bytes_, bytes);
    }
    for (std::string_view& view : request_.known_) view = rebased(view, bytes_, bytes);
    for (std::size_t i = 0; i < request_.field_count; ++i) {
      fields_[i] = {rebased(fields_[i].name, bytes_, bytes),
                    rebased(fields_[i].value, bytes_, bytes)};
    }
  }
  bytes_ = bytes;
}

RequestReader::State RequestReader::advance(char* bytes, std::size_t size) noexcept {
  follow(bytes);
  switch (phase_) {
    case Phase::kHead:
      return fields_at_ == 0 ? read_request_line(bytes, size) : read_fields(bytes, size);
    case Phase::kCounted:
      if (size - body_at_ < content_length_) return State::kMore;
      request_.body = {bytes + body_at_, content_length_};
      request_.wire_bytes = body_at_ + content_length_;
      return finish_message();
    case Phase::kChunked:
      switch (chunks_.advance(bytes, size, refusal_)) {
        case ChunkedDecoder::State::kMore:
          return State::kMore;
        case ChunkedDecoder::State::kRefused:
          return refused();
        case ChunkedDecoder::State::kDone:
          break;
      }
      request_.body = {bytes + body_at_, chunks_.decoded_bytes()};
      request_.wire_bytes = chunks_.end();
      return finish_message();
    case Phase::kMessage:
      return State::kMessage;
    case Phase::kRefused:
      break;
  }
  return State::kRefused;
}

RequestReader::State RequestReader::finish_message() noexcept {
  phase_ = Phase::kMessage;
  return State::kMessage;
}

RequestReader::State RequestReader::read_request_line(const char* bytes,
                                                      std::size_t size) noexcept {
  for (;;) {
    // Not farther than where the line must have ended.
    const std::size_t line_end_max = line_.next() + limits_.request_line_bytes + 2;
    const std::size_t end_max = std::min(limits_.head_bytes, line_end_max);
    switch (line_.advance(bytes, std::min(size, end_max))) {
      case LineReader::State::kRefused:
        started_ = true;
        return refuse(400, line_.position(), line_.reason());
      case LineReader::State::kMore:
        started_ = line_.start() < size && bytes[line_.start()] != '\r';
        if (size < end_max) return State::kMore;
        return end_max == limits_.head_bytes ? refuse(431, end_max, "the head is too long")
                                             : refuse(414, end_max, "the request line is too long");
      case LineReader::State::kLine:
        break;
    }
    if (line_.size() == 0) continue;  // empty lines before it are skipped (RFC 9112, 2.2)
    started_ = true;
    if (!parse_request_line({bytes + line_.start(), line_.size()}, request_, refusal_)) {
      refusal_.offset += line_.start();
      return refused();
    }
    fields_at_ = line_.next();
    return read_fields(bytes, size);
  }
}

RequestReader::State RequestReader::read_fields(const char* bytes, std::size_t size) noexcept {
  // By value: in registers, where nothing that is written can change them.
  LineReader line = line_;
  std::size_t count = line_count_;
  bool plain = plain_;
  const std::size_t end = std::min(size, limits_.head_bytes);
  LineReader::State state;
  while ((state = line.advance_unfolded(bytes, end)) == LineReader::State::kLine &&
         line.size() != 0 && count < limits_.header_fields) {
    plain = plain && split_plain_field({bytes + line.start(), line.size()}, fields_[count]);
    ++count;
  }
  line_ = line;
  line_count_ = count;
  plain_ = plain;
  request_.field_count = plain ? count : 0;
  switch (state) {
    case LineReader::State::kRefused:
      return refuse(400, line_.position(), line_.reason());
    case LineReader::State::kMore:
      if (size < limits_.head_bytes) return State::kMore;
      return refuse(431, limits_.head_bytes, "the head is too long");
    case LineReader::State::kLine:
      break;
  }
  if (line_.size() != 0) return refuse(431, line_.start(), "too many fields");
  return finish_head(bytes);
}

RequestReader::State RequestReader::finish_head(const char* bytes) noexcept {
  body_at_ = line_.next();
  request_.head_bytes = request_.wire_bytes = body_at_;
  request_.fields = fields_.get();
  if (!plain_ && !split_fields(bytes)) return diagnose(bytes);
  const Written written = plain_ ? Written::kPlain : Written::kAnyhow;
  Framing framing;
  if (!apply_field_rules(bytes, limits_, written, fields_.get(), request_, framing, refusal_)) {
    return refused();
  }
  content_length_ = framing.content_length;
  if (framing.chunked) {
    chunks_.begin(body_at_);
    phase_ = Phase::kChunked;
  } else {
    phase_ = Phase::kCounted;
  }
  return State::kHead;
}

/// Has llhttp split the fields, and makes sure that it saw the lines that were counted here.
bool RequestReader::split_fields(const char* bytes) noexcept {
  FieldSink sink{fields_.get(), fields_.get() + line_count_};
  llhttp_t parser = behind_request_line_;
  parser.data = &sink;
  llhttp_execute(&parser, bytes + fields_at_, body_at_ - fields_at_);
  if (!sink.complete || sink.next != sink.end) return false;

  const char* line = bytes + fields_at_;
  for (const Header* field = fields_.get(); field != sink.end; ++field) {
    if (field->name.data() != line || field->name.empty()) return false;  // ": v" passes 8.1
    const char* at = line + field->name.size();
    if (*at++ != ':') return false;
    const char* const value = field->value.data();
    if (at != value && *at == ' ') ++at;  // nearly always there, and all there is
    while (at != value && is_blank(*at)) ++at;
    if (at != value) return false;
    at += field->value.size();
    while (*at != '\r') {
      if (!is_blank(*at++)) return false;
    }
    line = at + 2;
  }
  request_.field_count = line_count_;
  return true;
}

/// llhttp has objected. Splits the fields without it, so that the refusal is the one the rules
/// have for this head, whatever llhttp's reason and version.
RequestReader::State RequestReader::diagnose(const char* bytes) noexcept {
  std::string_view rest(bytes + fields_at_, body_at_ - fields_at_);
  for (std::size_t i = 0; i < line_count_; ++i) {
    const std::size_t end = rest.find('\r');
    const std::string_view line = rest.substr(0, end);
    const std::size_t name = kToken.prefix(line.data(), line.size());
    if (name == 0 || name == line.size() || line[name] != ':') {
      const auto offset = static_cast<std::size_t>(line.data() - bytes);
      return refuse(400, offset, "a field name is malformed");
    }
    fields_[i] = {line.substr(0, name), line.substr(name + 1)};
    rest.remove_prefix(end + 2);
  }
  request_.field_count = line_count_;
  Framing framing;
  if (!apply_field_rules(bytes, limits_, Written::kAnyhow, fields_.get(), request_, framing,
                         refusal_)) {
    return refused();
  }
  return refuse(400, fields_at_, "the fields are malformed");
}

}  // namespace core::http
