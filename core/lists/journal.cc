#include "core/lists/journal.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "core/lists/checksum.h"

namespace core::lists {
namespace {

constexpr std::size_t kPrefixBytes = 16;
constexpr std::size_t kFixedBytes = 17;  // of the content: all but the value

std::uint32_t check_of(std::uint32_t length) noexcept { return (length ^ 0x6c697374) * 0x9e3779b1; }

template <typename Number>
void append_number(std::string& to, Number number) {
  char bytes[sizeof number];
  std::memcpy(bytes, &number, sizeof number);
  to.append(bytes, sizeof bytes);
}

template <typename Number>
Number number_at(std::string_view bytes, std::size_t at) noexcept {
  Number number;
  std::memcpy(&number, bytes.data() + at, sizeof number);
  return number;
}

/// True for zeros to the end, and for nothing: what a file system may leave of an append.
bool is_unwritten(std::string_view bytes) noexcept {
  return bytes.find_first_not_of('\0') == std::string_view::npos;
}

std::string_view behind(std::string_view bytes, std::size_t at) noexcept {
  return bytes.substr(std::min(at, bytes.size()));
}

}  // namespace

void append_step(std::string& to, const Step& step) {
  const std::size_t begin = to.size();
  const auto length = static_cast<std::uint32_t>(kFixedBytes + step.value.size());
  append_number(to, length);
  append_number(to, check_of(length));
  append_number(to, std::uint64_t{0});
  to += static_cast<char>(step.kind);
  append_number(to, step.at_s);
  append_number(to, step.expires_s);
  to += step.value;
  const std::uint64_t sum = checksum(std::string_view(to).substr(begin + kPrefixBytes));
  std::memcpy(to.data() + begin + 8, &sum, sizeof sum);
}

JournalRead read_journal(std::string_view bytes, const std::function<void(const Step&)>& visit) {
  JournalRead read;
  if (bytes.size() < kJournalMagic.size()) {
    read.torn = !bytes.empty() && kJournalMagic.starts_with(bytes);
    read.damaged = !bytes.empty() && !read.torn;
    return read;
  }
  if (!bytes.starts_with(kJournalMagic)) {
    read.damaged = true;
    return read;
  }
  std::size_t at = kJournalMagic.size();
  for (; at < bytes.size(); read.sound_bytes = at) {
    read.sound_bytes = at;
    const std::string_view rest = bytes.substr(at);
    if (rest.size() < kPrefixBytes || is_unwritten(rest)) {
      read.torn = true;
      return read;
    }
    const auto length = number_at<std::uint32_t>(rest, 0);
    if (number_at<std::uint32_t>(rest, 4) != check_of(length) || length < kFixedBytes) {
      read.torn = is_unwritten(behind(rest, kPrefixBytes));
      read.damaged = !read.torn;
      return read;
    }
    const std::string_view content = rest.substr(kPrefixBytes, length);
    const auto kind = content.empty() ? 0 : static_cast<unsigned char>(content[0]);
    if (content.size() < length || checksum(content) != number_at<std::uint64_t>(rest, 8) ||
        kind < 1 || kind > 3) {
      read.torn = is_unwritten(behind(rest, kPrefixBytes + length));
      read.damaged = !read.torn;
      return read;
    }
    visit({static_cast<Step::Kind>(kind), number_at<std::int64_t>(content, 1),
           number_at<std::int64_t>(content, 9), content.substr(kFixedBytes)});
    ++read.steps;
    at += kPrefixBytes + length;
  }
  read.sound_bytes = at;
  return read;
}

}  // namespace core::lists
