#include "proxy/refusal_log.h"

#include <exception>

#include "core/text/hex.h"
#include "proxy/log.h"

namespace proxy {
namespace {

constexpr std::size_t kSubjectMax = 256;

std::string text_of(const net::PeerAddress& peer) {
  char text[46];
  return std::string(text, peer.format(text));
}

const char* words(core::gate::CallerFault fault) {
  switch (fault) {
    case core::gate::CallerFault::kNoCertificate:
      return "it has shown none";
    case core::gate::CallerFault::kCertificateExpired:
      return "it is not in its time";
    default:
      return "it is none of the accepted ones";
  }
}

}  // namespace

bool RefusalLog::due(std::uint64_t now_ms) noexcept {
  const std::uint64_t second = now_ms / 1000;
  if (second != second_) {
    second_ = second;
    lines_ = 0;
  }
  if (lines_ < kLinesPerSecond) {
    ++lines_;
    return true;
  }
  ++left_out_;
  return false;
}

std::string RefusalLog::left_out() {
  if (left_out_ == 0) return {};
  std::string text = " (and " + std::to_string(left_out_) + " others before it)";
  left_out_ = 0;
  return text;
}

void RefusalLog::handshake(std::uint64_t now_ms, const net::PeerAddress& peer,
                           std::string_view why) noexcept {
  if (!due(now_ms)) return;
  try {
    log::warn("client certificate of {} refused in the handshake: {}{}", text_of(peer), why,
                 left_out());
  } catch (const std::exception&) {  // no memory for a line
  }
}

void RefusalLog::token(std::uint64_t now_ms, const net::PeerAddress& peer, std::string_view connector,
                       core::callers::TokenFault fault) noexcept {
  if (!due(now_ms)) return;
  try {
    log::warn("token of {} refused by connector {}: {}{}", text_of(peer), connector,
                 core::callers::describe(fault), left_out());
  } catch (const std::exception&) {  // no memory for a line
  }
}

void RefusalLog::request(std::uint64_t now_ms, const net::PeerAddress& peer,
                         std::string_view connector, core::gate::CallerFault fault,
                         const core::gate::ShownCertificate* shown, bool with_subject) noexcept {
  if (!due(now_ms)) return;
  try {
    std::string what;
    if (shown != nullptr) {
      what = ": sha256 ";
      core::text::append_hex(what, shown->sha256);
      if (with_subject) what += ", subject " + shown->subject.substr(0, kSubjectMax);
    }
    log::warn("client certificate of {} refused by connector {}: {}{}{}", text_of(peer),
                 connector, words(fault), what, left_out());
  } catch (const std::exception&) {  // no memory for a line
  }
}

}  // namespace proxy
