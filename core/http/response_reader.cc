// How an answer is read.
//
// The head is cut into lines as it comes (LineReader: CR LF alone ends a line, no control bytes, no
// folding), and those of which every recipient thinks alike are split at once. When a head has another,
// llhttp splits all its fields in one call, behind a status line of ours, and what it found is held
// against the lines that were counted here, as RequestReader does it for requests. Then the rules of RFC 9112, 6.3 decide where the message ends, without any of the
// ways to make the best of a bad one: an answer that could be read in two ways would leave the rest
// of it for the next request on the connection.
//
// A backend is not an attacker, but it may be behind one who can make it say things. So the answer
// is refused where a proxy in between could see another end: two lengths (also equal ones), a length
// with a transfer coding, a coding that is not `chunked` alone, `chunked` in HTTP/1.0.

#include "core/http/response_reader.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "core/http/field_sink.h"
#include "core/http/plain_field.h"
#include "core/http/syntax.h"

namespace core::http {

namespace {

constexpr llhttp_settings_t kSettings = FieldSink::settings();

constexpr std::size_t kPadding = 32;  // also keeps what is taken along out of std::string's own object

/// Never so large that a sum of two wraps.
ResponseLimits bounded(ResponseLimits limits) noexcept {
  constexpr std::size_t kMax = std::size_t{1} << 40;
  limits.header_bytes = std::min(limits.header_bytes, kMax);
  limits.body_bytes = std::min(limits.body_bytes, kMax);
  return limits;
}

/// What the chunked decoder may let a body cost beside its content.
Limits chunk_limits(const ResponseLimits& limits) noexcept {
  Limits to;
  to.body_bytes = limits.body_bytes;
  return to;
}

}  // namespace

ResponseReader::ResponseReader(const ResponseLimits& limits)
    : limits_(bounded(limits)),
      chunks_(chunk_limits(limits_)) {
  constexpr std::string_view kStatusLine = "HTTP/1.1 200 OK\r\n";
  llhttp_init(&behind_status_line_, HTTP_RESPONSE, &kSettings);
  llhttp_execute(&behind_status_line_, kStatusLine.data(), kStatusLine.size());
  reset(false);
}

void ResponseReader::adopt(const ResponseLimits& limits) noexcept {
  next_limits_ = bounded(limits);
}

void ResponseReader::reset(bool head_only) {
  if (next_limits_) {
    limits_ = *std::exchange(next_limits_, std::nullopt);
    chunks_ = ChunkedDecoder(chunk_limits(limits_));
  }
  head_only_ = head_only;
  std::string().swap(bytes_);  // an idle connection owns no buffers
  std::vector<Header>().swap(fields_);
  phase_ = Phase::kStatusLine;
  error_ = Error::kNone;
  reason_ = {};
  http_1_1_ = plain_ = true;
  keep_alive_ = false;
  status_ = 0;
  size_ = interim_ = head_at_ = fields_at_ = line_count_ = 0;
  body_at_ = body_bytes_ = content_length_ = left_over_ = 0;
  line_ = {};
}

bool ResponseReader::refuse(Error error, std::string_view reason) noexcept {
  phase_ = Phase::kRefused;
  error_ = error;
  reason_ = reason;
  keep_alive_ = false;
  return false;
}

/// The capacity of `bytes_` that takes `more`.
std::size_t ResponseReader::room_for(std::size_t more) const noexcept {
  const std::size_t least = size_ + more + kPadding;
  if (bytes_.capacity() >= least) return bytes_.capacity();
  // Twice as much, or what the head has announced: never beyond the limits and the piece at hand.
  const std::size_t room = phase_ == Phase::kCounted ? body_at_ + content_length_ + kPadding
                                                     : std::max(2 * size_, std::size_t{2} << 10);
  return std::max(room, least);
}

std::size_t ResponseReader::held_with(std::size_t more) const noexcept {
  return room_for(more) + fields_.capacity() * sizeof(Header);
}

/// Appends, with the padding behind that the scans may read.
void ResponseReader::take(std::string_view bytes) {
  // By address: the old block may be gone when the fields are taken along.
  const auto before = reinterpret_cast<std::uintptr_t>(bytes_.data());
  bytes_.resize(size_);
  if (const std::size_t room = room_for(bytes.size()); room > bytes_.capacity()) bytes_.reserve(room);
  bytes_.append(bytes);
  size_ = bytes_.size();
  bytes_.append(kPadding, '\0');
  if (reinterpret_cast<std::uintptr_t>(bytes_.data()) == before) return;
  const auto moved = [&](std::string_view view) {
    const auto offset = reinterpret_cast<std::uintptr_t>(view.data()) - before;
    return std::string_view(bytes_.data() + offset, view.size());
  };
  for (Header& field : fields_) field = {moved(field.name), moved(field.value)};
}

ResponseReader::State ResponseReader::advance(std::string_view bytes) {
  if (phase_ == Phase::kRefused) return State::kRefused;
  if (phase_ == Phase::kComplete) {
    if (bytes.empty()) return State::kComplete;
    left_over_ += bytes.size();
    refuse(Error::kProtocol, "bytes behind the end of the answer");
    return State::kRefused;
  }
  take(bytes);
  for (;;) {
    switch (phase_) {
      case Phase::kStatusLine:
        if (!read_status_line()) return phase_ == Phase::kRefused ? State::kRefused : State::kMore;
        break;
      case Phase::kFields:
        if (!read_fields()) return phase_ == Phase::kRefused ? State::kRefused : State::kMore;
        if (!finish_head()) return State::kRefused;
        break;
      case Phase::kComplete:
        return State::kComplete;
      case Phase::kRefused:
        return State::kRefused;
      default:
        return read_body();
    }
  }
}

ResponseReader::State ResponseReader::finish() noexcept {
  switch (phase_) {
    case Phase::kComplete:
      return State::kComplete;
    case Phase::kUntilClose:
      body_bytes_ = size_ - body_at_;
      phase_ = Phase::kComplete;
      keep_alive_ = false;
      return State::kComplete;
    case Phase::kRefused:
      return State::kRefused;
    default:
      refuse(Error::kCut, size_ == 0 ? "the connection ended before the answer"
                                     : "the connection ended in the middle of the answer");
      return State::kRefused;
  }
}

/// status-line = HTTP-version SP status-code SP [ reason-phrase ] (RFC 9112, 4). The space behind
/// the code may be missing when there is no reason: many servers leave it out, and nothing depends
/// on it. False: more bytes are needed, or it was refused.
bool ResponseReader::read_status_line() noexcept {
  const std::size_t end_max = limits_.header_bytes;
  switch (line_.advance(bytes_.data(), std::min(size_, end_max))) {
    case LineReader::State::kRefused:
      return refuse(Error::kProtocol, line_.reason());
    case LineReader::State::kMore:
      // No HTTP at all is told at once, not when the limit is reached.
      if (const std::size_t there = std::min<std::size_t>(size_ - head_at_, 7);
          std::memcmp(bytes_.data() + head_at_, "HTTP/1.", there) != 0) {
        return refuse(Error::kProtocol, "the answer does not begin with HTTP/1.");
      }
      if (size_ >= end_max) return refuse(Error::kTooLarge, "the head is too long");
      return false;
    case LineReader::State::kLine:
      break;
  }
  const std::string_view line(bytes_.data() + line_.start(), line_.size());
  const bool version = line.size() >= 12 && line.substr(0, 7) == "HTTP/1." && kDigit.contains(line[7]) &&
                       line[8] == ' ';
  if (!version) return refuse(Error::kProtocol, "the status line is malformed");
  // A higher minor version is answered as 1.1 (RFC 9110, 6.2).
  http_1_1_ = line[7] != '0';
  const bool code = kDigit.contains(line[9]) && kDigit.contains(line[10]) && kDigit.contains(line[11]) &&
                    (line.size() == 12 || line[12] == ' ');
  if (!code) return refuse(Error::kProtocol, "the status line is malformed");
  status_ = (line[9] - '0') * 100 + (line[10] - '0') * 10 + (line[11] - '0');
  if (status_ < 100 || status_ > 599) {
    return refuse(Error::kProtocol, "a status that is none (RFC 9110, 15)");
  }
  fields_at_ = line_.next();
  fields_.clear();  // of an interim answer
  line_count_ = 0;
  plain_ = true;
  phase_ = Phase::kFields;
  return true;
}

/// True when the empty line is there.
bool ResponseReader::read_fields() {
  const std::size_t end = std::min(size_, limits_.header_bytes);
  for (;;) {
    switch (line_.advance_unfolded(bytes_.data(), end)) {
      case LineReader::State::kRefused:
        return refuse(Error::kProtocol, line_.reason());
      case LineReader::State::kMore:
        if (size_ < limits_.header_bytes) return false;
        return refuse(Error::kTooLarge, "the head is too long");
      case LineReader::State::kLine:
        break;
    }
    if (line_.size() == 0) return true;
    if (line_count_ == limits_.header_fields) return refuse(Error::kTooLarge, "too many fields");
    ++line_count_;
    if (!plain_) continue;
    Header field;
    plain_ = split_plain_field({bytes_.data() + line_.start(), line_.size()}, field);
    if (plain_) fields_.push_back(field);
  }
}

/// Has llhttp split the fields, and makes sure that it saw the lines that were counted here.
bool ResponseReader::split_fields() {
  fields_.resize(line_count_);
  FieldSink sink{fields_.data(), fields_.data() + line_count_};
  llhttp_t parser = behind_status_line_;
  parser.data = &sink;
  llhttp_execute(&parser, bytes_.data() + fields_at_, line_.next() - fields_at_);
  if (!sink.complete || sink.next != sink.end) return false;
  const char* line = bytes_.data() + fields_at_;
  for (Header* field = fields_.data(); field != sink.end; ++field) {
    if (field->name.data() != line || field->name.empty()) return false;
    const char* at = line + field->name.size();
    if (*at++ != ':') return false;
    while (at != field->value.data() && is_blank(*at)) ++at;
    if (at != field->value.data()) return false;
    at += field->value.size();
    while (*at != '\r') {
      if (!is_blank(*at++)) return false;
    }
    line = at + 2;
    if (!kToken.holds_all(field->name)) return false;
    field->value = trim_blanks(field->value);
  }
  return true;
}

/// What the fields say about this hop.
bool ResponseReader::apply_rules(Framing& framing) noexcept {
  bool close = false;
  bool stay = false;
  for (const Header& field : fields_) {
    if (equals_ignoring_case(field.name, "connection")) {
      const bool list = for_each_token(field.value, [&](std::string_view option) {
        close = close || equals_ignoring_case(option, "close");
        stay = stay || equals_ignoring_case(option, "keep-alive");
      });
      if (!list) return refuse(Error::kProtocol, "the Connection field is malformed");
    } else if (equals_ignoring_case(field.name, "content-length")) {
      if (framing.counted) return refuse(Error::kProtocol, "more than one Content-Length field");
      framing.counted = true;
      if (field.value.empty() || !kDigit.holds_all(field.value)) {
        return refuse(Error::kProtocol, "Content-Length is not a number");
      }
      for (const char digit : field.value) {
        const auto value = static_cast<std::size_t>(digit - '0');
        constexpr std::size_t kMax = std::numeric_limits<std::size_t>::max();
        if (framing.content_length > (kMax - value) / 10) {
          return refuse(Error::kProtocol, "Content-Length is not a number of bytes");
        }
        framing.content_length = framing.content_length * 10 + value;
      }
    } else if (equals_ignoring_case(field.name, "transfer-encoding")) {
      if (framing.chunked) return refuse(Error::kProtocol, "more than one Transfer-Encoding field");
      framing.chunked = true;
      if (!equals_ignoring_case(field.value, "chunked")) {
        return refuse(Error::kProtocol, "a transfer coding that is not chunked");
      }
    }
  }
  if (framing.chunked && framing.counted) {
    return refuse(Error::kProtocol, "both Transfer-Encoding and Content-Length");
  }
  if (framing.chunked && !http_1_1_) {
    return refuse(Error::kProtocol, "Transfer-Encoding in HTTP/1.0");
  }
  keep_alive_ = !close && (http_1_1_ || stay);
  return true;
}

bool ResponseReader::finish_head() {
  if (!plain_ && !split_fields()) {
    fields_.clear();
    return refuse(Error::kProtocol, "the fields are malformed");
  }
  Framing framing;
  if (!apply_rules(framing)) return false;
  if (status_ >= 200) return begin_body(framing);
  // Interim answers (RFC 9110, 15.2). Nothing here asks for another protocol.
  if (status_ == 101) return refuse(Error::kProtocol, "an upgrade that nobody asked for");
  if (framing.chunked || framing.counted) {
    return refuse(Error::kProtocol, "an interim answer with a body");  // RFC 9112, 6.1; 9110, 8.6
  }
  if (++interim_ > limits_.interim_answers) {
    return refuse(Error::kTooLarge, "too many interim answers");
  }
  head_at_ = line_.next();
  phase_ = Phase::kStatusLine;
  return true;
}

/// Message body length (RFC 9112, 6.3).
bool ResponseReader::begin_body(const Framing& framing) noexcept {
  body_at_ = line_.next();
  // 1 and 2: none, whatever the fields say. A 204 must not say anything (9110, 8.6; 9112, 6.1).
  if (status_ == 204 && (framing.chunked || (framing.counted && framing.content_length != 0))) {
    return refuse(Error::kProtocol, "204 with a body");
  }
  if (head_only_ || status_ == 204 || status_ == 304) {
    complete(body_at_);
    return true;
  }
  if (framing.chunked) {  // 4
    chunks_.begin(body_at_);
    phase_ = Phase::kChunked;
    return true;
  }
  if (framing.counted) {  // 6
    if (framing.content_length > limits_.body_bytes) {
      return refuse(Error::kTooLarge, "the body is too large");
    }
    content_length_ = framing.content_length;
    phase_ = Phase::kCounted;
    return true;
  }
  keep_alive_ = false;  // 8
  phase_ = Phase::kUntilClose;
  return true;
}

ResponseReader::State ResponseReader::read_body() noexcept {
  switch (phase_) {
    case Phase::kCounted:
      if (size_ - body_at_ < content_length_) return State::kMore;
      body_bytes_ = content_length_;
      return complete(body_at_ + content_length_);
    case Phase::kUntilClose:
      if (size_ - body_at_ <= limits_.body_bytes) return State::kMore;
      refuse(Error::kTooLarge, "the body is too large");
      return State::kRefused;
    default:
      break;
  }
  Refusal refusal;
  switch (chunks_.advance(bytes_.data(), size_, refusal)) {
    case ChunkedDecoder::State::kMore:
      return State::kMore;
    case ChunkedDecoder::State::kRefused:
      refuse(refusal.status == 400 ? Error::kProtocol : Error::kTooLarge, refusal.reason);
      return State::kRefused;
    case ChunkedDecoder::State::kDone:
      break;
  }
  body_bytes_ = chunks_.decoded_bytes();
  return complete(chunks_.end());
}

ResponseReader::State ResponseReader::complete(std::size_t end) noexcept {
  phase_ = Phase::kComplete;
  left_over_ = size_ - end;
  return State::kComplete;
}

}  // namespace core::http
