#include "core/mapping/mapping.h"

#include "core/mapping/compiled.h"
#include "core/mapping/connector_contract.h"
#include "core/mapping/event_contract.h"

namespace core::mapping {

Mapping::Mapping(std::unique_ptr<const Compiled> compiled) noexcept
    : compiled_(std::move(compiled)) {}
Mapping::Mapping(Mapping&&) noexcept = default;
Mapping& Mapping::operator=(Mapping&&) noexcept = default;
Mapping::~Mapping() = default;

NotAsked Mapping::ask(rules::Evaluation& evaluation, std::string_view body, Question& question,
                      Kept& kept) const {
  RequestValues values(evaluation);
  kept.values.clear();
  kept.values.reserve(compiled_->kept.size());
  for (const Place& place : compiled_->kept) {
    bool memory = false;
    const Value value = values.get(place, memory);
    if (memory) return NotAsked::kMemory;
    kept.values.push_back({value.kind, std::string(value.text)});
  }
  return compiled_->request.ask(values, body, question);
}

struct ReplyRoom::Json {
  simdjson::dom::parser parser;
  PlainJson plain;
};

ReplyRoom::ReplyRoom() : json_(std::make_unique<Json>()) {}
ReplyRoom::~ReplyRoom() = default;

void Mapping::read(const Reply& reply, const Kept& kept, std::size_t lane, ReplyRoom& room,
                   Answer& answer) const {
  answer.renew();
  simdjson::dom::parser& parser = room.json_->parser;
  if (parser.capacity() > ReplyRoom::kKeptBytes) parser = simdjson::dom::parser();
  ReplyBody body(reply, compiled_->response_bytes_max, compiled_->lenient, parser, room.json_->plain);
  if (compiled_->connector_contract) {
    return read_connector_answer(reply, body, answer);
  }
  if (compiled_->event_contract) {
    return read_event_answer(reply, body, answer);
  }
  ReplyValues values(reply, body, kept, compiled_->xpaths, lane);
  for (std::size_t i = 0; i < compiled_->rows.size(); ++i) {
    const Row& row = compiled_->rows[i];
    if (!holds(row, reply.status, values)) continue;
    answer.row = i;
    answer.place = row.mark;
    return decide(row, values, answer);
  }
  answer.why = body.failure() != Unresolved::kNone ? body.failure() : Unresolved::kNoRow;
}

}  // namespace core::mapping
