#include "proxy/forward/trace.h"

#include <cstring>

namespace proxy::forward {
namespace {

// version-traceid-parentid-flags
constexpr std::size_t kTraceAt = 3, kTraceSize = 32, kParentAt = 36, kParentSize = 16;
constexpr std::size_t kFlagsAt = 53, kSize = 55;
constexpr std::size_t kRequestIdMax = 128;

bool is_hex(std::string_view text) noexcept {
  for (const char c : text) {
    if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) return false;
  }
  return true;
}

bool is_zero(std::string_view text) noexcept {
  return text.find_first_not_of('0') == std::string_view::npos;
}

bool is_plain_word(std::string_view text) noexcept {
  if (text.empty() || text.size() > kRequestIdMax) return false;
  for (const char c : text) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                       std::string_view("-_.:/+=").find(c) != std::string_view::npos;
    if (!plain) return false;
  }
  return true;
}

/// The two digits of each byte.
struct Pairs {
  char of[256][2];
  constexpr Pairs() : of() {
    constexpr char kDigits[] = "0123456789abcdef";
    for (unsigned i = 0; i < 256; ++i) {
      of[i][0] = kDigits[i >> 4];
      of[i][1] = kDigits[i & 15];
    }
  }
};
constexpr Pairs kPairs;

}  // namespace

bool is_traceparent(std::string_view text) noexcept {
  if (text.size() < kSize || text[2] != '-' || text[35] != '-' || text[52] != '-') return false;
  const std::string_view version = text.substr(0, 2);
  // Version 00 ends there; a later one may go on behind another dash.
  if (version == "ff" || (version == "00" && text.size() != kSize)) return false;
  if (text.size() > kSize && text[kSize] != '-') return false;
  const std::string_view trace = text.substr(kTraceAt, kTraceSize);
  const std::string_view parent = text.substr(kParentAt, kParentSize);
  return is_hex(version) && is_hex(trace) && is_hex(parent) && is_hex(text.substr(kFlagsAt, 2)) &&
         !is_zero(trace) && !is_zero(parent);
}

/// Sixteen digits a word, none of them all zero, behind which the next byte goes.
char* Tracing::put_hex(char* to, int words) noexcept {
  for (; words > 0; --words) {
    const std::uint64_t word = random_.next() | 1U;
    for (int shift = 56; shift >= 0; shift -= 8, to += 2) {
      std::memcpy(to, kPairs.of[(word >> shift) & 0xff], 2);
    }
  }
  return to;
}

upstream::Trace Tracing::begin(std::string_view traceparent,
                               std::string_view request_id) noexcept {
  upstream::Trace trace;
  const bool continued = is_traceparent(traceparent);
  char text[kSize];
  std::memcpy(text, "00-", kTraceAt);
  if (continued) {
    std::memcpy(text + kTraceAt, traceparent.data() + kTraceAt, kTraceSize);
  } else {
    put_hex(text + kTraceAt, 2);
  }
  text[kParentAt - 1] = text[kFlagsAt - 1] = '-';
  put_hex(text + kParentAt, 1);
  std::memcpy(text + kFlagsAt, continued ? traceparent.data() + kFlagsAt : "00", 2);
  trace.traceparent.set({text, kSize});
  if (is_plain_word(request_id)) {
    trace.request_id.set(request_id);
  } else {
    char id[32];
    put_hex(id, 2);
    trace.request_id.set({id, sizeof id});
  }
  return trace;
}

upstream::Trace Tracing::begin() noexcept { return begin({}, {}); }

upstream::Trace Tracing::begin(const core::http::Request& request) noexcept {
  const core::http::Header* const parent = request.find("traceparent");
  const core::http::Header* const id = request.find("x-request-id");
  return begin(parent != nullptr ? parent->value : std::string_view{},
               id != nullptr ? id->value : std::string_view{});
}

}  // namespace proxy::forward
