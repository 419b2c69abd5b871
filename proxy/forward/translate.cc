#include "proxy/forward/translate.h"

namespace proxy::forward {

core::mapping::NotAsked make_question(const core::gate::Snapshot& snapshot, std::size_t backend,
                                      core::rules::Evaluation& evaluation, std::string_view body,
                                      core::mapping::Question& question,
                                      core::mapping::Kept& kept) {
  return snapshot.backends[backend].mapping.ask(evaluation, body, question, kept);
}

core::mapping::Answer read_reply(const core::gate::Snapshot& snapshot, std::size_t backend,
                                 const upstream::Outcome& outcome, const core::mapping::Kept& kept,
                                 std::size_t lane, core::mapping::ReplyRoom& room) {
  return snapshot.backends[backend].mapping.read({outcome.status, outcome.fields, outcome.body},
                                                 kept, lane, room);
}

}  // namespace proxy::forward
