#include "proxy/forward/translate.h"

namespace proxy::forward {

bool make_question(const core::gate::Snapshot&, std::size_t, core::rules::Evaluation&,
                   std::string_view body, core::mapping::Question& question) {
  question.method = "POST";
  question.target = "/";
  question.fields = "Content-Type: application/json\r\n";
  question.body = body;
  question.has_body = true;
  return true;
}

bool read_reply(const core::gate::Snapshot&, std::size_t, const upstream::Outcome& outcome,
                core::decisions::Decision& decision) {
  if (outcome.status != 200) return false;
  decision.kind = outcome.body.find("ShowBlockPage") != std::string::npos
                      ? core::rules::VerdictKind::kBlock
                      : core::rules::VerdictKind::kContinue;
  decision.text = "blocked";
  return true;
}

std::uint64_t call_ms(const core::gate::Snapshot&, std::size_t) noexcept { return 3'000; }

}  // namespace proxy::forward
