#include "core/http/chunked.h"

#include <algorithm>
#include <cstring>

#include "core/http/field_rules.h"

namespace core::http {

namespace {

/// qdtext and quoted-pair without obs-text: CR, LF and other control bytes end the search before
/// they can end the line for somebody else.
constexpr bool is_quotable(char c) noexcept { return c == '\t' || (c >= 0x20 && c < 0x7f); }

/// -1 for what is no digit.
constexpr int hex_digit(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

constexpr std::string_view kMalformedExtension = "a chunk extension is malformed";

}  // namespace

void ChunkedDecoder::begin(std::size_t body_at) noexcept {
  phase_ = Phase::kSizeStart;
  digits_ = 0;
  chunk_bytes_ = 0;
  body_at_ = decoded_end_ = position_ = body_at;
  framing_bytes_ = extension_bytes_ = trailers_at_ = 0;
}

std::size_t ChunkedDecoder::expected_bytes() const noexcept {
  constexpr std::size_t kLastChunk = sizeof "0\r\n\r\n" - 1;
  switch (phase_) {
    case Phase::kContent:
      return position_ + static_cast<std::size_t>(chunk_bytes_) + 2 + kLastChunk;
    case Phase::kSizeStart:
      return position_ + kLastChunk;
    case Phase::kTrailers:
      return position_ + 2;  // a line end, the first byte of which may be there
    default:
      return position_ + 1;
  }
}

bool ChunkedDecoder::refuse(Refusal& refusal, int status, std::string_view reason) const noexcept {
  refusal = {status, position_, reason};
  return false;
}

bool ChunkedDecoder::count_framing(Refusal& refusal) noexcept {
  if (++framing_bytes_ <= limits_.body_bytes + kFramingSlack) return true;
  return refuse(refusal, 413, "too many small chunks");
}

ChunkedDecoder::State ChunkedDecoder::advance(char* message, std::size_t size,
                                              Refusal& refusal) noexcept {
  for (;;) {
    switch (phase_) {
      case Phase::kContent:
        move_content(message, size);
        if (chunk_bytes_ != 0) return State::kMore;
        phase_ = Phase::kContentCr;
        break;
      case Phase::kTrailers:
        return read_trailers(message, size, refusal);
      default:
        if (!read_size_line(message, size, refusal)) return State::kRefused;
        if (phase_ != Phase::kContent && phase_ != Phase::kTrailers) return State::kMore;
        break;
    }
  }
}

/// From behind a chunk's content to the next content or the trailers.
bool ChunkedDecoder::read_size_line(const char* message, std::size_t size,
                                    Refusal& refusal) noexcept {
  for (; position_ < size; ++position_) {
    const char c = message[position_];
    switch (phase_) {
      case Phase::kContentCr:
        if (c != '\r') return refuse(refusal, 400, "a chunk is longer than its size says");
        phase_ = Phase::kContentLf;
        break;
      case Phase::kContentLf:
        if (c != '\n') return refuse(refusal, 400, "a chunk does not end in CR LF");
        phase_ = Phase::kSizeStart;
        break;
      case Phase::kSizeStart:
      case Phase::kSize:
        if (!read_size(c, refusal)) return false;
        break;
      case Phase::kSizeLf:
        if (c != '\n') return refuse(refusal, 400, "a chunk size does not end in CR LF");
        break;
      default:
        if (!read_extension(c, refusal)) return false;
        continue;  // counted there
    }
    if (!count_framing(refusal)) return false;
    if (phase_ == Phase::kSizeLf && c == '\n') {
      ++position_;
      phase_ = chunk_bytes_ != 0 ? Phase::kContent : Phase::kTrailers;
      trailers_at_ = position_;
      trailer_.begin(position_);
      return true;
    }
  }
  return true;
}

/// chunk-size = 1*HEXDIG. Sixteen digits fit 64 bits; no sender needs the leading zeros that a
/// seventeenth would be.
bool ChunkedDecoder::read_size(char c, Refusal& refusal) noexcept {
  if (const int digit = hex_digit(c); digit >= 0) {
    if (phase_ == Phase::kSizeStart) {
      phase_ = Phase::kSize;
      digits_ = 0;
      chunk_bytes_ = 0;
    }
    if (++digits_ > 16) return refuse(refusal, 400, "a chunk size has too many digits");
    chunk_bytes_ = chunk_bytes_ << 4 | static_cast<unsigned>(digit);
    return true;
  }
  if (phase_ == Phase::kSizeStart || (c != ';' && c != '\r')) {
    return refuse(refusal, 400, "a chunk size is malformed");
  }
  return end_of_size(c, refusal);
}

bool ChunkedDecoder::end_of_size(char c, Refusal& refusal) noexcept {
  if (chunk_bytes_ > limits_.body_bytes - decoded_bytes()) {
    return refuse(refusal, 413, "the body is too large");
  }
  phase_ = c == ';' ? Phase::kExtensionName : Phase::kSizeLf;
  return true;
}

/// chunk-ext = *( BWS ";" BWS chunk-ext-name [ BWS "=" BWS chunk-ext-val ] ) (RFC 9112, 7.1.1),
/// but no blanks before the first semicolon: a size is a size.
bool ChunkedDecoder::read_extension(char c, Refusal& refusal) noexcept {
  const bool blank = is_blank(c);
  bool good = true;
  bool ends = false;  // the byte may end an extension
  switch (phase_) {
    case Phase::kExtensionName:
      good = blank || kToken.contains(c);
      if (!blank) phase_ = Phase::kExtension;
      break;
    case Phase::kExtension:
      if (c == '=') {
        phase_ = Phase::kValueStart;
      } else if (blank) {
        phase_ = Phase::kAfterName;
      } else if (!kToken.contains(c)) {
        ends = true;
      }
      break;
    case Phase::kAfterName:
      if (c == '=') phase_ = Phase::kValueStart;
      if (c == ';') phase_ = Phase::kExtensionName;
      good = blank || c == '=' || c == ';';
      break;
    case Phase::kValueStart:
      good = blank || c == '"' || kToken.contains(c);
      if (!blank) phase_ = c == '"' ? Phase::kQuoted : Phase::kValue;
      break;
    case Phase::kQuoted:
      good = is_quotable(c);
      if (c == '\\') phase_ = Phase::kEscaped;
      if (c == '"') phase_ = Phase::kQuoteEnd;
      break;
    case Phase::kEscaped:
      good = is_quotable(c);
      phase_ = Phase::kQuoted;
      break;
    case Phase::kValue:
    case Phase::kQuoteEnd:
      if (blank) {
        phase_ = Phase::kAfterValue;
      } else {
        ends = phase_ == Phase::kQuoteEnd || !kToken.contains(c);
      }
      break;
    default:  // kAfterValue: blanks lead to another extension or to nothing
      good = blank || c == ';';
      if (c == ';') phase_ = Phase::kExtensionName;
      break;
  }
  if (ends) {
    good = c == ';' || c == '\r';
    phase_ = c == ';' ? Phase::kExtensionName : Phase::kSizeLf;
  }
  if (!good) return refuse(refusal, 400, kMalformedExtension);
  if (c == '\r') return count_framing(refusal);
  if (++extension_bytes_ <= limits_.chunk_extension_bytes) return true;
  return refuse(refusal, 413, "the chunk extensions are too long");
}

void ChunkedDecoder::move_content(char* message, std::size_t size) noexcept {
  const auto count =
      static_cast<std::size_t>(std::min<std::uint64_t>(chunk_bytes_, size - position_));
  if (decoded_end_ != position_) {
    std::memmove(message + decoded_end_, message + position_, count);
  }
  decoded_end_ += count;
  position_ += count;
  chunk_bytes_ -= count;
}

/// trailer-section = *( field-line CRLF ), then the empty line that ends the message.
ChunkedDecoder::State ChunkedDecoder::read_trailers(const char* message, std::size_t size,
                                                    Refusal& refusal) noexcept {
  const std::size_t end_max = trailers_at_ + limits_.trailer_bytes + 2;
  for (;;) {
    switch (trailer_.advance_unfolded(message, std::min(size, end_max))) {
      case LineReader::State::kRefused:
        position_ = trailer_.position();
        refuse(refusal, 400, trailer_.reason());
        return State::kRefused;
      case LineReader::State::kMore:
        position_ = trailer_.position();
        if (size < end_max) return State::kMore;
        position_ = end_max;
        refuse(refusal, 431, "the trailers are too long");
        return State::kRefused;
      case LineReader::State::kLine:
        break;
    }
    position_ = trailer_.next();
    if (trailer_.size() == 0) return State::kDone;
    const std::string_view line(message + trailer_.start(), trailer_.size());
    const std::size_t name = kToken.prefix(line.data(), line.size());
    if (name == 0 || name == line.size() || line[name] != ':') {
      position_ = trailer_.start();
      refuse(refusal, 400, "a trailer is malformed");
      return State::kRefused;
    }
    if (is_forbidden_trailer(line.substr(0, name))) {
      position_ = trailer_.start();
      refuse(refusal, 400, "a field that must not come as a trailer");
      return State::kRefused;
    }
  }
}

}  // namespace core::http
