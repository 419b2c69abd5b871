#include "proxy/forward/translate.h"

namespace proxy::forward {

core::mapping::NotAsked make_question(const core::gate::Snapshot&, std::size_t,
                                      core::rules::Evaluation&, std::string_view body,
                                      core::mapping::Question& question, core::mapping::Kept&) {
  question.method = "POST";
  question.target = "/";
  question.fields = "Content-Type: application/json\r\n";
  question.body = body;
  question.has_body = true;
  return core::mapping::NotAsked::kNone;
}

core::mapping::Answer read_reply(const core::gate::Snapshot&, std::size_t,
                                 const upstream::Outcome& outcome, const core::mapping::Kept&,
                                 std::size_t) {
  core::mapping::Answer answer;
  if (outcome.status != 200) {
    answer.why = core::mapping::Unresolved::kNoRow;
  } else if (outcome.body.find("ShowBlockPage") != std::string::npos) {
    answer.decision.kind = core::rules::VerdictKind::kBlock;
    answer.decision.text = "No.";
  } else {
    answer.decision.claims = {{"city", core::claims::Kind::kString, "Lund"}};
  }
  return answer;
}

}  // namespace proxy::forward

namespace core::mapping {
std::string_view label(NotAsked) noexcept { return "x"; }
std::string_view label(Unresolved) noexcept { return "x"; }
std::string_view label(Remark) noexcept { return "x"; }
}  // namespace core::mapping
