#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace proxy::redis {

/// One answer of a Redis server (RESP2: https://redis.io/docs/reference/protocol-spec).
struct Reply {
  enum class Kind : std::uint8_t { kNil, kText, kInteger, kArray, kError };
  Kind kind = Kind::kNil;
  std::int64_t integer = 0;  // kInteger
  std::string text;          // kText (bulk or status), kError: the server's words
  std::vector<Reply> items;  // kArray

  bool is_text(std::string_view wanted) const noexcept { return kind == Kind::kText && text == wanted; }
  /// The first word of an error, "NOSCRIPT"; empty for anything else.
  std::string_view error_word() const noexcept;
};

/// Makes answers of bytes as they come, by hiredis' reader. What hiredis allocates without a bound is
/// bounded here: items of one array, bytes of an answer that is not complete. Thread: one owner.
class ReplyReader {
 public:
  static constexpr std::size_t kItemsMax = 1 << 16;  // of one array

  /// `bytes_max`: of one answer on the wire. Throws std::bad_alloc.
  explicit ReplyReader(std::size_t bytes_max);
  ~ReplyReader();
  ReplyReader(const ReplyReader&) = delete;
  ReplyReader& operator=(const ReplyReader&) = delete;

  enum class Step : std::uint8_t { kMore, kReply, kFault };
  /// Takes bytes in. False when the stream is none of Redis' any more, or there is no memory.
  bool feed(std::string_view bytes) noexcept;
  /// The next complete answer. kFault: the stream is of no use any more.
  Step next(Reply& reply) noexcept;

 private:
  struct Inside;
  std::unique_ptr<Inside> inside_;
  std::size_t bytes_max_;
  std::size_t unanswered_ = 0;  // bytes fed since the last complete answer
};

}  // namespace proxy::redis
