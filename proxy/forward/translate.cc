#include "proxy/forward/translate.h"

#include <optional>

#include "core/bridge/bodies.h"

namespace proxy::forward {

core::mapping::NotAsked make_question(const core::gate::Snapshot& snapshot,
                                      const core::gate::Connector& connector, std::size_t backend,
                                      core::rules::Evaluation& evaluation, std::string_view body,
                                      core::mapping::Question& question,
                                      core::mapping::Kept& kept) {
  const core::gate::Backend& asked = snapshot.backends[backend];
  const bool events = connector.terms.dialect == core::config::DialectName::kExtId;
  std::optional<core::bridge::Body> other;
  if (events && asked.speaks_flow) {
    other = core::bridge::flow_request(body);
    if (!other) return core::mapping::NotAsked::kUnfit;
  } else if (!events && asked.speaks_events) {
    const core::dialects::Step step = connector.terms.step != core::dialects::Step::kUnknown
                                          ? connector.terms.step
                                          : core::bridge::step_in(body);
    other = core::bridge::event_request(body, step);
    if (!other) return core::mapping::NotAsked::kUnfit;
  }
  const core::mapping::NotAsked why =
      asked.mapping.ask(evaluation, other ? std::string_view(other->json) : body, question, kept);
  if (other && why == core::mapping::NotAsked::kNone) question.fields += other->fields;
  return why;
}

void read_reply(const core::gate::Snapshot& snapshot, std::size_t backend,
                const upstream::Outcome& outcome, const core::mapping::Kept& kept, std::size_t lane,
                core::mapping::ReplyRoom& room, core::mapping::Answer& answer) {
  snapshot.backends[backend].mapping.read({outcome.status, outcome.fields, outcome.body}, kept, lane, room,
                                          answer);
}

}  // namespace proxy::forward
