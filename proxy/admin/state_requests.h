#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/admin/reply.h"
#include "proxy/state/counters.h"

/// What the parts of the admin address have in common that show what is in the state.
namespace proxy::admin {

/// 503: why the state, or what else it is called, is not to be had.
Reply unavailable(state::Failure failure, std::string_view what = "the state");

/// "/approvals/guests/0f3a.../approve" behind its first part; a missing part is empty.
struct NamedPath {
  std::string_view name, id, verb;
  bool longer = false;
};
NamedPath parts_of(std::string_view path);

/// Which rows of a table are wanted.
struct PageWish {
  static constexpr std::size_t kDefault = 100;
  std::string after;
  std::size_t limit = kDefault;
};
/// Reads `after` and `limit` of a query and hands the rest to `other`, which is false for what it does not
/// know. False when anything is wrong.
bool read_page_wish(std::string_view query, PageWish& wish,
                    const std::function<bool(std::string_view key, std::string_view value)>& other);
/// `,"next":"..."}` and a line's end; null when there are no more.
void append_next(std::string& json, std::string_view next);

/// {"section":["one","other"]}.
Reply reply_names(std::string_view section, const std::vector<std::string>& names);

/// {"by":"...","reason":"..."}, both filled and no longer than that. Empty, or what is wrong.
std::string read_decision(std::string_view body, std::size_t by_max, std::size_t reason_max, std::string& by,
                          std::string& reason);

/// Appends `{"what":...,"at":...,"by":...,"reason":...}` to a list, with a comma between two.
void append_change(std::string& json, std::string_view what, std::int64_t at_s, std::string_view by,
                   std::string_view reason);

}  // namespace proxy::admin
