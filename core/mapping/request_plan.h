#pragma once

#include <string>
#include <utility>
#include <vector>

#include "core/config/backend.h"
#include "core/mapping/answer.h"
#include "core/mapping/question.h"
#include "core/mapping/value_template.h"
#include "core/rules/evaluation.h"

namespace core::mapping {

/// The values of a request.
class RequestValues final : public Values {
 public:
  explicit RequestValues(rules::Evaluation& evaluation) noexcept : evaluation_(evaluation) {}
  Value get(const Place& place, bool& memory) override;

 private:
  rules::Evaluation& evaluation_;
};

/// A JSON body, compiled. What is written already has its escapes.
struct JsonPlan {
  using Kind = config::JsonTree::Kind;
  struct Member;
  Kind kind = Kind::kNull;
  std::vector<Member> members;
  std::vector<JsonPlan> items;
  ValueTemplate text;     // kTemplate
  std::string constant;   // kConstant
};
struct JsonPlan::Member {
  std::string name;  // with quotation marks and its colon
  JsonPlan value;
};

struct NamedTemplate {
  std::string name;  // escaped for its place
  ValueTemplate text;
};

/// How a question is made.
struct RequestPlan {
  using Body = config::BackendRequest::Body;
  std::string method;
  ValueTemplate path;
  std::vector<NamedTemplate> query;
  std::vector<NamedTemplate> headers;
  Body body = Body::kNone;
  JsonPlan json;
  std::vector<NamedTemplate> form;
  ValueTemplate text;
  std::string content_type;  // empty: no body

  NotAsked ask(Values& values, std::string_view body, Question& question) const;
};

}  // namespace core::mapping
