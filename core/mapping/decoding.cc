// Content codings and charsets of replies.
#include <unicode/ucnv.h>
#include <zlib.h>

#include <algorithm>
#include <limits>

#include "core/mapping/reply_body.h"
#include "core/text/text.h"

namespace core::mapping {
namespace {

/// A z_stream that is given back.
class Inflater {
 public:
  explicit Inflater(int window_bits) noexcept {
    good_ = inflateInit2(&stream_, window_bits) == Z_OK;
  }
  ~Inflater() {
    if (good_) inflateEnd(&stream_);
  }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
  bool good() const noexcept { return good_; }
  z_stream& stream() noexcept { return stream_; }

 private:
  z_stream stream_{};
  bool good_ = false;
};

constexpr int kGzip = MAX_WBITS + 16;
constexpr int kZlib = MAX_WBITS;
constexpr int kRaw = -MAX_WBITS;

Unresolved inflate_as(std::string_view coded, int window_bits, std::size_t bytes_max,
                      std::string& out) {
  out.clear();
  Inflater inflater(window_bits);
  if (!inflater.good() || coded.size() > std::numeric_limits<uInt>::max()) {
    return Unresolved::kContentCoding;
  }
  z_stream& stream = inflater.stream();
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(coded.data()));
  stream.avail_in = static_cast<uInt>(coded.size());
  // One byte more than may be: a body of exactly the limit is told from a longer one.
  const std::size_t room_max = bytes_max + 1;
  std::size_t size = 0;
  for (;;) {
    if (size == out.size()) {
      if (size == room_max) return Unresolved::kTooLarge;
      out.resize(std::min(room_max, std::max<std::size_t>(4 << 10, 2 * size)));
    }
    const auto room = static_cast<uInt>(
        std::min<std::size_t>(out.size() - size, std::numeric_limits<uInt>::max()));
    stream.next_out = reinterpret_cast<Bytef*>(out.data() + size);
    stream.avail_out = room;
    const int result = inflate(&stream, Z_NO_FLUSH);
    size += room - stream.avail_out;
    if (result == Z_STREAM_END) {
      if (stream.avail_in == 0) break;
      // Another member (RFC 1952, 2.2); anything else behind the end is refused there.
      if (window_bits != kGzip || inflateReset(&stream) != Z_OK) return Unresolved::kContentCoding;
      continue;
    }
    if (result != Z_OK) return Unresolved::kContentCoding;  // Z_BUF_ERROR: it was cut
  }
  if (size > bytes_max) return Unresolved::kTooLarge;
  out.resize(size);
  return Unresolved::kNone;
}

/// The converter's name of a charset that is read byte by byte; null for any other.
const char* converter_name(std::string_view charset) noexcept {
  struct Row {
    std::string_view name;
    const char* converter;
  };
  // Labels that are in use; by the IANA registry, not by the Encoding Standard of browsers, which
  // reads ISO-8859-1 as windows-1252.
  constexpr Row kRows[] = {
      {"iso-8859-1", "ISO-8859-1"}, {"iso8859-1", "ISO-8859-1"},      {"iso_8859-1", "ISO-8859-1"},
      {"latin1", "ISO-8859-1"},     {"windows-1252", "windows-1252"}, {"cp1252", "windows-1252"},
  };
  for (const Row& row : kRows) {
    if (text::equals_ignore_case_ascii(charset, row.name)) return row.converter;
  }
  return nullptr;
}

}  // namespace

Unresolved inflate_body(std::string_view coded, bool gzip, std::size_t bytes_max, std::string& out) {
  if (gzip) return inflate_as(coded, kGzip, bytes_max, out);
  const Unresolved why = inflate_as(coded, kZlib, bytes_max, out);
  if (why != Unresolved::kContentCoding) return why;
  return inflate_as(coded, kRaw, bytes_max, out);
}

Unresolved to_utf8(std::string_view bytes, std::string_view charset, std::string& room,
                   std::string_view& text) {
  text = bytes;
  const bool utf8 = charset.empty() || text::equals_ignore_case_ascii(charset, "utf-8") ||
                    text::equals_ignore_case_ascii(charset, "utf8");
  if (utf8) {
    return text::find_invalid_utf8(bytes) == bytes.size() ? Unresolved::kNone : Unresolved::kUtf8;
  }
  if (text::equals_ignore_case_ascii(charset, "us-ascii") ||
      text::equals_ignore_case_ascii(charset, "ascii")) {
    return text::is_ascii(bytes) ? Unresolved::kNone : Unresolved::kUtf8;
  }
  const char* const converter = converter_name(charset);
  if (converter == nullptr) return Unresolved::kCharset;
  UErrorCode status = U_ZERO_ERROR;
  UConverter* const from = ucnv_open(converter, &status);
  if (U_FAILURE(status) != 0) return Unresolved::kCharset;
  constexpr std::size_t kGrowth = 3;  // the euro sign of windows-1252
  if (bytes.size() > static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max()) / kGrowth) {
    ucnv_close(from);
    return Unresolved::kTooLarge;
  }
  try {
    room.resize(bytes.size() * kGrowth + 1);
  } catch (...) {
    ucnv_close(from);
    throw;
  }
  const std::int32_t size = ucnv_toAlgorithmic(
      UCNV_UTF8, from, room.data(), static_cast<std::int32_t>(room.size()), bytes.data(),
      static_cast<std::int32_t>(bytes.size()), &status);
  ucnv_close(from);
  if (U_FAILURE(status) != 0 || size < 0) return Unresolved::kUtf8;
  room.resize(static_cast<std::size_t>(size));
  text = room;
  return Unresolved::kNone;
}

}  // namespace core::mapping
