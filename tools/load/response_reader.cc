#include "tools/load/response_reader.h"

#include <algorithm>
#include <charconv>
#include <cstring>

namespace load {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

/// `word` is lower case already.
bool is_word(std::string_view text, std::string_view word) {
  return text.size() == word.size() && std::equal(text.begin(), text.end(), word.begin(),
                                                  [](char a, char b) { return lower(a) == b; });
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

/// True when the comma-separated `list` holds `word`.
bool lists(std::string_view list, std::string_view word) {
  while (true) {
    const std::size_t comma = list.find(',');
    if (is_word(trim(list.substr(0, comma)), word)) return true;
    if (comma == std::string_view::npos) return false;
    list.remove_prefix(comma + 1);
  }
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// tchar of RFC 9110, 5.6.2.
bool is_name_byte(char c) {
  return is_digit(c) || (lower(c) >= 'a' && lower(c) <= 'z') ||
         (c != '\0' && std::strchr("!#$%&'*+-.^_`|~", c) != nullptr);
}

}  // namespace

void ResponseReader::start() {
  body_.clear();
  carry_.clear();
  fault_ = {};
  line_bytes_ = 0;
  left_ = 0;
  content_length_ = 0;
  status_ = 0;
  state_ = State::kReading;
  part_ = Part::kStatusLine;
  untouched_ = true;
  keep_alive_ = true;
  has_length_ = false;
  chunked_ = false;
}

void ResponseReader::bad(std::string_view fault) noexcept {
  state_ = State::kBad;
  fault_ = fault;
}

/// One line without its CR LF. False when its end has not arrived (kept in carry_) or it is bad.
bool ResponseReader::take_line(std::string_view bytes, std::size_t& at, std::string_view& line) {
  const std::string_view rest = bytes.substr(at);
  const std::size_t end = rest.find('\n');
  const std::size_t taken = end == std::string_view::npos ? rest.size() : end + 1;
  line_bytes_ += taken;
  if (line_bytes_ > kHeadBytesMax) {
    bad("head, chunk lines or trailers too long");
    return false;
  }
  at += taken;
  if (end == std::string_view::npos) {
    carry_.append(rest);
    return false;
  }
  if (carry_.empty()) {
    line = rest.substr(0, end);
  } else {
    carry_.append(rest.substr(0, end));
    line = carry_;
  }
  if (line.empty() || line.back() != '\r') {
    bad("a line does not end with CR LF");
    return false;
  }
  line.remove_suffix(1);
  if (line.find('\r') != std::string_view::npos || line.find('\0') != std::string_view::npos) {
    bad("CR or NUL inside a line");
    return false;
  }
  return true;
}

std::size_t ResponseReader::feed(std::string_view bytes) {
  std::size_t at = 0;
  while (state_ == State::kReading && at < bytes.size()) {
    untouched_ = false;
    switch (part_) {
      case Part::kBody:
      case Part::kChunk: {
        const auto size =
            static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size() - at));
        body_.append(bytes.substr(at, size));
        at += size;
        left_ -= size;
        if (left_ > 0) break;
        if (part_ == Part::kBody) {
          done();
        } else {
          part_ = Part::kChunkEnd;
        }
        break;
      }
      case Part::kBodyToEnd:
        if (bytes.size() - at > kBodyBytesMax - body_.size()) {
          bad("body too long");
          break;
        }
        body_.append(bytes.substr(at));
        at = bytes.size();
        break;
      default: {
        std::string_view line;
        if (!take_line(bytes, at, line)) break;
        on_line(line);
        carry_.clear();
        break;
      }
    }
  }
  return at;
}

void ResponseReader::on_line(std::string_view line) {
  switch (part_) {
    case Part::kStatusLine:
      return on_status_line(line);
    case Part::kFields:
      return line.empty() ? on_head_end() : on_field(line);
    case Part::kChunkSize:
      return on_chunk_size(line);
    case Part::kChunkEnd:
      if (!line.empty()) return bad("a chunk is longer than its size");
      part_ = Part::kChunkSize;
      return;
    case Part::kTrailers:
      if (line.empty()) done();
      return;
    case Part::kBody:
    case Part::kBodyToEnd:
    case Part::kChunk:
      return;  // not read by lines
  }
}

// "HTTP/1.1 200 OK"; the reason and even the space before it may be missing in what is seen in the
// wild, but RFC 9112, 4 asks for the space. The space is not insisted on.
void ResponseReader::on_status_line(std::string_view line) {
  if (line.size() < 12 || line.substr(0, 7) != "HTTP/1." || (line[7] != '0' && line[7] != '1') ||
      line[8] != ' ' || !is_digit(line[9]) || !is_digit(line[10]) || !is_digit(line[11]) ||
      (line.size() > 12 && line[12] != ' ')) {
    return bad("not an HTTP/1 status line");
  }
  status_ = (line[9] - '0') * 100 + (line[10] - '0') * 10 + (line[11] - '0');
  if (status_ < 100 || status_ > 599) return bad("status outside 100 to 599");
  keep_alive_ = line[7] == '1';
  part_ = Part::kFields;
}

void ResponseReader::on_field(std::string_view line) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos || colon == 0 ||
      !std::all_of(line.begin(), line.begin() + static_cast<std::ptrdiff_t>(colon), is_name_byte)) {
    return bad("not a header field");
  }
  const std::string_view name = line.substr(0, colon);
  const std::string_view value = trim(line.substr(colon + 1));
  if (is_word(name, "content-length")) {
    std::uint64_t length = 0;
    const auto [stop, ec] = std::from_chars(value.data(), value.data() + value.size(), length);
    if (ec != std::errc{} || stop != value.data() + value.size()) return bad("bad Content-Length");
    if (has_length_ && length != content_length_) return bad("two Content-Lengths");
    if (length > kBodyBytesMax) return bad("body too long");
    has_length_ = true;
    content_length_ = length;
  } else if (is_word(name, "transfer-encoding")) {
    if (chunked_ || !is_word(value, "chunked")) return bad("transfer coding other than chunked");
    chunked_ = true;
  } else if (is_word(name, "connection")) {
    if (lists(value, "close")) keep_alive_ = false;
    if (lists(value, "keep-alive")) keep_alive_ = true;
  }
}

void ResponseReader::on_head_end() {
  if (chunked_ && has_length_) return bad("both Content-Length and Transfer-Encoding");
  if (status_ < 200) {
    if (status_ == 101) return bad("switched protocols unasked");
    const std::size_t bytes = line_bytes_;  // an endless row of 1xx answers stays bounded
    start();
    untouched_ = false;
    line_bytes_ = bytes;
    return;
  }
  if (status_ == 204 || status_ == 304) return done();  // never a body (RFC 9112, 6.3)
  if (chunked_) {
    part_ = Part::kChunkSize;
  } else if (has_length_) {
    left_ = content_length_;
    part_ = Part::kBody;
    if (left_ == 0) done();
  } else {
    keep_alive_ = false;
    part_ = Part::kBodyToEnd;
  }
}

void ResponseReader::on_chunk_size(std::string_view line) {
  const std::string_view digits = trim(line.substr(0, line.find(';')));
  std::uint64_t size = 0;
  const auto [stop, ec] = std::from_chars(digits.data(), digits.data() + digits.size(), size, 16);
  if (digits.empty() || ec != std::errc{} || stop != digits.data() + digits.size()) {
    return bad("bad chunk size");
  }
  if (size > kBodyBytesMax - body_.size()) return bad("body too long");
  left_ = size;
  part_ = size == 0 ? Part::kTrailers : Part::kChunk;
}

bool ResponseReader::end_of_stream() {
  if (state_ == State::kReading && part_ == Part::kBodyToEnd) done();
  return state_ == State::kDone;
}

}  // namespace load
