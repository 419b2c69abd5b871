#include "proxy/forward/trace.h"

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

std::string Tracing::hex(int words) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (int i = 0; i < words; ++i) {
    const std::uint64_t word = random_() | 1U;  // never zero
    for (int shift = 60; shift >= 0; shift -= 4) text += kDigits[(word >> shift) & 15];
  }
  return text;
}

upstream::Trace Tracing::begin(std::string_view traceparent, std::string_view request_id) {
  upstream::Trace trace;
  const bool continued = is_traceparent(traceparent);
  trace.traceparent = "00-";
  trace.traceparent += continued ? std::string(traceparent.substr(kTraceAt, kTraceSize)) : hex(2);
  trace.traceparent += "-" + hex(1) + "-";
  trace.traceparent += continued ? std::string(traceparent.substr(kFlagsAt, 2)) : "00";
  trace.request_id = is_plain_word(request_id) ? std::string(request_id) : hex(2);
  return trace;
}

upstream::Trace Tracing::begin() { return begin({}, {}); }

upstream::Trace Tracing::begin(const core::http::Request& request) {
  const core::http::Header* const parent = request.find("traceparent");
  const core::http::Header* const id = request.find("x-request-id");
  return begin(parent != nullptr ? parent->value : std::string_view{},
               id != nullptr ? id->value : std::string_view{});
}

}  // namespace proxy::forward
