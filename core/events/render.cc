#include "core/events/render.h"

#include "core/text/json.h"

namespace core::events {
namespace {

/// Valid JSON without the white space between its parts, so that an event is one line.
void append_minified(std::string& to, std::string_view json) {
  bool inside = false;
  for (std::size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (!inside && (c == ' ' || c == '\t' || c == '\n' || c == '\r')) continue;
    to += c;
    if (c == '"') inside = !inside;
    if (inside && c == '\\' && ++i < json.size()) to += json[i];
  }
}

void append_value(std::string& to, const TakenValue& value, config::Treatment treatment,
                  const Pseudonyms& pseudonyms) {
  switch (treatment) {
    case config::Treatment::kPlain:
      if (value.kind == claims::Kind::kString) return text::append_json_quoted(to, value.text);
      append_minified(to, value.text);
      return;
    case config::Treatment::kHash:
      to += '"';
      pseudonyms.append_hash(to, value.text);
      to += '"';
      return;
    case config::Treatment::kToken:
      to += '"';
      pseudonyms.append_token(to, value.text);
      to += '"';
      return;
  }
}

/// What an event has of its plan alone; `source` stands in for a plan without one.
void render_plan(const Plan& plan, std::string_view source, std::string_view of, CloudEvent& event) {
  event.name = plan.name;
  event.type = plan.type;
  event.dataschema = plan.dataschema;
  if (plan.source.empty()) {
    event.source.assign(source).append(of);
  } else {
    event.source = plan.source;
  }
}

}  // namespace

void render_approval(const Plan& plan, std::string_view approval, std::string_view id, std::string_view change,
                     CloudEvent& event) {
  render_plan(plan, "/claimgate/approvals/", approval, event);
  event.subject.clear();
  event.partition_key = id;
  event.data.assign(R"({"approval":")").append(approval);  // the characters of the three need no escape
  event.data.append(R"(","id":")").append(id).append(R"(","change":")").append(change).append("\"}");
}

void append_hash_of(std::string& to, const std::vector<TakenValue>& values,
                    const std::vector<std::uint32_t>& which, const Pseudonyms& pseudonyms) {
  if (which.size() == 1) {
    const TakenValue& value = values[which.front()];
    if (value.kind != claims::Kind::kAbsent) pseudonyms.append_hash(to, value.text);
    return;
  }
  std::string joined;
  bool any = false;
  for (const std::uint32_t index : which) {
    if (&index != which.data()) joined += '\x1f';
    joined += values[index].text;
    any = any || values[index].kind != claims::Kind::kAbsent;
  }
  if (any) pseudonyms.append_hash(to, joined);
}

void render(const Plan& plan, const About& about, const std::vector<TakenValue>& values,
            const Pseudonyms& pseudonyms, CloudEvent& event) {
  render_plan(plan, "/claimgate/connectors/", about.connector, event);
  event.subject.clear();
  if (plan.subject != Plan::kNone && values[plan.subject].kind != claims::Kind::kAbsent) {
    pseudonyms.append_hash(event.subject, values[plan.subject].text);
  }
  event.partition_key.clear();
  if (!plan.key.empty()) append_hash_of(event.partition_key, values, plan.key, pseudonyms);

  std::string& data = event.data;
  data.assign(R"({"connector":")").append(about.connector);  // its characters need no escape
  data += '"';
  if (!about.step.empty()) data.append(R"(,"step":")").append(about.step).append("\"");
  data.append(R"(,"verdict":")").append(about.verdict).append("\"");
  if (!about.rule.empty()) data.append(R"(,"rule":)").append(about.rule);
  if (!plan.members.empty()) {
    data += R"(,"claims":{)";
    const char* separator = "";
    for (const Plan::Member& member : plan.members) {
      if (values[member.value].kind == claims::Kind::kAbsent) continue;  // nothing is said of it
      data += separator;
      data += member.name;
      append_value(data, values[member.value], member.treatment, pseudonyms);
      separator = ",";
    }
    data += '}';
  }
  data += '}';
}

}  // namespace core::events
