#include "proxy/telemetry/omitted_log.h"

namespace proxy::telemetry {

std::string OmittedLog::line(std::size_t index, std::string_view name, std::size_t claims,
                             std::uint64_t now_ms) {
  // A request that has waited may be of a configuration with more connectors.
  if (claims == 0 || index >= connectors_.size()) return {};
  Seen& seen = connectors_[index];
  ++seen.answers;
  seen.claims += claims;
  if (now_ms < seen.quiet_until_ms) return {};
  std::string line = "connector \"" + std::string(name) + "\": " + std::to_string(seen.claims) +
                     (seen.claims == 1 ? " claim was" : " claims were") + " left out of ";
  line += seen.answers == 1 ? "an answer" : std::to_string(seen.answers) + " answers";
  line +=
      ": the caller would refuse or ignore what is too long, of another type, or no attribute of"
      " the request; claimgate explain shows what is told";
  seen = {now_ms + kAgainMs, 0, 0};
  return line;
}

}  // namespace proxy::telemetry
