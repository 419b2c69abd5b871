#include "core/mapping/request_plan.h"

#include "core/mapping/escape.h"

namespace core::mapping {
namespace {

using claims::Kind;

NotAsked not_asked(Put put) noexcept {
  switch (put) {
    case Put::kDone: return NotAsked::kNone;
    case Put::kMissing: return NotAsked::kMissing;
    case Put::kUnfit: return NotAsked::kUnfit;
    case Put::kMemory: break;
  }
  return NotAsked::kMemory;
}

/// A value in a path has to be there: an empty segment is another place of the API.
bool write_segment(std::string& out, std::string_view value) {
  return !value.empty() && write_path(out, value);
}

Put write_lone(const ValueTemplate& text, Values& values, std::string& out) {
  Value value;
  if (const Put put = text.lone(values, value); put != Put::kDone) return put;
  if (value.kind == Kind::kString) {
    out += '"';
    write_json(out, value.text);
    out += '"';
  } else {
    out += value.text;  // JSON already, checked by whoever read it
  }
  return Put::kDone;
}

/// Appends the value; nothing when the result is not kDone.
Put write_tree(const JsonPlan& plan, Values& values, std::string& out) {
  const std::size_t before = out.size();
  const auto undo = [&](Put put) {
    out.resize(before);
    return put;
  };
  switch (plan.kind) {
    case JsonPlan::Kind::kNull:
      out += "null";
      return Put::kDone;
    case JsonPlan::Kind::kConstant:
      out += plan.constant;
      return Put::kDone;
    case JsonPlan::Kind::kTemplate: {
      if (plan.text.is_lone()) return write_lone(plan.text, values, out);
      std::string text;
      const Put put = plan.text.render(values, false, text, [](std::string& to, std::string_view v) {
        to += v;
        return true;
      });
      if (put != Put::kDone) return put;
      out += '"';
      write_json(out, text);
      out += '"';
      return Put::kDone;
    }
    case JsonPlan::Kind::kArray: {
      out += '[';
      bool first = true;
      for (const JsonPlan& item : plan.items) {
        const std::size_t here = out.size();
        if (!first) out += ',';
        const Put put = write_tree(item, values, out);
        if (put == Put::kMissing) {
          out.resize(here);
          continue;
        }
        if (put != Put::kDone) return undo(put);
        first = false;
      }
      out += ']';
      return Put::kDone;
    }
    case JsonPlan::Kind::kObject: {
      out += '{';
      bool first = true;
      for (const auto& [name, member] : plan.members) {
        const std::size_t here = out.size();
        if (!first) out += ',';
        out += name;
        const Put put = write_tree(member, values, out);
        if (put == Put::kMissing) {
          out.resize(here);
          continue;
        }
        if (put != Put::kDone) return undo(put);
        first = false;
      }
      out += '}';
      return Put::kDone;
    }
  }
  return Put::kMissing;
}

/// name=value pairs; those whose value is missing are left out.
template <typename Write>
Put write_pairs(const std::vector<NamedTemplate>& pairs, Values& values, Write write,
                std::string& out) {
  bool first = true;
  for (const NamedTemplate& pair : pairs) {
    const std::size_t here = out.size();
    if (!first) out += '&';
    out += pair.name;
    out += '=';
    std::string plain;
    Put put = pair.text.render(values, false, plain, [](std::string& to, std::string_view v) {
      to += v;
      return true;
    });
    if (put == Put::kDone && !write(out, plain)) put = Put::kUnfit;
    if (put == Put::kMissing) {
      out.resize(here);
      continue;
    }
    if (put != Put::kDone) return put;
    first = false;
  }
  return Put::kDone;
}

Put write_fields(const std::vector<NamedTemplate>& headers, Values& values, std::string& out) {
  for (const NamedTemplate& header : headers) {
    const std::size_t here = out.size();
    out += header.name;
    out += ": ";
    const Put put = header.text.render(values, false, out, write_field);
    if (put == Put::kMissing) {
      out.resize(here);
      continue;
    }
    if (put != Put::kDone) return put;
    out += "\r\n";
  }
  return Put::kDone;
}

}  // namespace

Value RequestValues::get(const Place& place, bool& memory) {
  const rules::Subject& subject = place.subject;
  const claims::Claims& all = evaluation_.claims();
  if (!subject.derived && subject.filters.empty()) {
    const claims::Claim& claim = all[subject.id];
    if (claim.kind == Kind::kAbsent || claim.kind == Kind::kNull) return {};
    return {claim.kind, claim.value.data() == nullptr ? std::string_view("") : claim.value};
  }
  const std::string_view text = evaluation_.text_of(subject);
  if (text.data() == nullptr) {
    memory = evaluation_.arena().exhausted();
    return {};
  }
  return {Kind::kString, text};
}

NotAsked RequestPlan::ask(Values& values, std::string_view caller_body, Question& question) const {
  question.method = method;
  question.target.clear();
  question.fields.clear();
  question.body.clear();
  question.has_body = body != Body::kNone || method == "POST" || method == "PUT" || method == "PATCH";

  Put put = path.render(values, false, question.target, write_segment);
  if (put != Put::kDone) return not_asked(put);
  if (has_dot_segment(question.target)) return NotAsked::kUnfit;
  if (!query.empty()) {
    std::string pairs;
    put = write_pairs(query, values, write_query, pairs);
    if (put != Put::kDone) return not_asked(put);
    if (!pairs.empty()) {
      question.target += '?';
      question.target += pairs;
    }
  }

  if (!content_type.empty()) {
    question.fields += "Content-Type: ";
    question.fields += content_type;
    question.fields += "\r\n";
  }
  put = write_fields(headers, values, question.fields);
  if (put != Put::kDone) return not_asked(put);

  switch (body) {
    case Body::kNone: break;
    case Body::kClaims: question.body = caller_body; break;
    case Body::kJson: put = write_tree(json, values, question.body); break;
    case Body::kForm: put = write_pairs(form, values, write_form, question.body); break;
    case Body::kXml: put = text.render(values, true, question.body, write_xml); break;
    case Body::kText: put = text.render(values, true, question.body, write_text); break;
  }
  return not_asked(put);
}

}  // namespace core::mapping
