#include "proxy/forward/remark_log.h"

namespace proxy::forward {

using core::mapping::Remark;
using core::mapping::Unresolved;

std::string RemarkLog::line(std::string_view backend, const core::mapping::Answer& answer,
                            std::uint64_t now_ms) {
  const bool beyond_repair = answer.why == Unresolved::kContract;
  if (answer.remarks.empty() && !beyond_repair) return {};
  auto found = backends_.find(backend);
  if (found == backends_.end()) found = backends_.emplace(backend, Backend{}).first;
  Backend& seen = found->second;
  std::string line;
  const auto note = [&](std::size_t which, std::string_view label, std::string_view sentence) {
    Seen& one = seen[which];
    ++one.since;
    if (now_ms < one.quiet_until_ms) return;
    line.append(line.empty() ? "" : "; ").append(sentence).append(" (").append(label);
    if (one.since > 1) line.append(", ").append(std::to_string(one.since)).append(" answers");
    line.append(")");
    one = {now_ms + kAgainMs, 0};
  };
  for (std::size_t i = 0; i < core::mapping::kRemarkCount; ++i) {
    const auto remark = static_cast<Remark>(i);
    if (answer.remarks.has(remark)) note(i, label(remark), describe(remark));
  }
  if (beyond_repair) {
    note(core::mapping::kRemarkCount, label(Unresolved::kContract),
         describe(Unresolved::kContract));
  }
  return line;
}

}  // namespace proxy::forward
