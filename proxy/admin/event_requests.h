#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/http/message.h"
#include "proxy/admin/access.h"
#include "proxy/admin/reply.h"
#include "proxy/events/outbox.h"

namespace proxy::admin {

/// `/events` of the admin address (docs/events.md): how much waits for which sink and since when, its dead
/// letters, to bring them again, and to throw away. Waits for the state, five seconds at most for each
/// question. Thread: its loop's.
class EventRequests {
 public:
  /// `outbox` may be null: there are no sinks.
  EventRequests(events::Outbox* outbox, Access access) : outbox_(outbox), access_(std::move(access)) {}

  static bool is_meant(std::string_view path) noexcept {
    return path == "/events" || path.starts_with("/events/");
  }
  /// A refusal that the head alone gives rise to.
  std::optional<Reply> refuse(const core::http::Request& request) const;
  /// The answer to a complete request. Throws std::bad_alloc.
  Reply answer(const core::http::Request& request);

  /// Dead letters that one request brings again at most; the answer says how many are left.
  static constexpr std::size_t kReplayMax = 1000;

 private:
  Reply sizes() const;
  Reply dead(const events::Courier& courier, std::string_view query) const;
  Reply replay(events::Courier& courier);
  Reply purge(events::Courier& courier, std::string_view body);

  events::Outbox* outbox_;
  Access access_;
};

}  // namespace proxy::admin
