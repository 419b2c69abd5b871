#include "core/mapping/answer.h"

namespace core::mapping {
namespace {

struct Words {
  std::string_view label, sentence;
};

constexpr Words kNotAsked[] = {
    {"none", "asked"},
    {"missing", "a claim that the question needs is missing"},
    {"unfit", "a claim cannot stand where the question needs it"},
    {"memory", "the request's scratch memory is exhausted"},
};
static_assert(std::size(kNotAsked) == kNotAskedCount);

constexpr Words kUnresolved[] = {
    {"none", "settled"},
    {"row", "a row says that it settles nothing"},
    {"no_row", "no row's tests hold"},
    {"content_coding", "a content coding that is unknown or broken"},
    {"too_large", "the decoded body is larger than response_bytes"},
    {"content_type", "its Content-Type is not that of what the row reads"},
    {"charset", "a charset that is not known"},
    {"utf8", "the body is not what its charset says"},
    {"json", "the body is no JSON"},
    {"duplicate", "an object of the body has a member twice"},
    {"xml", "the body is no XML"},
    {"doctype", "XML with a document type"},
    {"depth", "the body is nested too deeply"},
    {"missing", "a value that the row needs is missing"},
    {"contract", "an answer that the connector contract does not know"},
};
static_assert(std::size(kUnresolved) == kUnresolvedCount);

constexpr Words kRemarks[] = {
    {"allow", "the action is Allow: Continue is meant"},
    {"action_case", "the action is written in other letter case"},
    {"no_action", "the action is missing: taken for Continue"},
    {"no_version", "the member version is missing"},
    {"version_type", "the member version is no string"},
    {"block_status", "ShowBlockPage with a member status shows no block page"},
    {"block_http", "ShowBlockPage must come with HTTP 200"},
    {"validation_status", "ValidationError needs a member status of 400"},
    {"validation_http", "ValidationError must come with HTTP 400"},
    {"continue_http", "Continue must come with HTTP 200"},
    {"no_message", "the member userMessage is missing or empty"},
    {"message_type", "the member userMessage is no string"},
    {"null_member", "members that are null were dropped"},
    {"nested_member", "members that are objects or arrays were dropped"},
    {"bare_attribute", "a custom attribute needs the prefix extension_"},
    {"reserved_member", "members that no answer can change were dropped"},
    {"content_type", "the Content-Type is not application/json"},
};
static_assert(std::size(kRemarks) == kRemarkCount);

}  // namespace

std::string_view label(NotAsked why) noexcept {
  return kNotAsked[static_cast<std::size_t>(why)].label;
}
std::string_view describe(NotAsked why) noexcept {
  return kNotAsked[static_cast<std::size_t>(why)].sentence;
}
std::string_view label(Unresolved why) noexcept {
  return kUnresolved[static_cast<std::size_t>(why)].label;
}
std::string_view describe(Unresolved why) noexcept {
  return kUnresolved[static_cast<std::size_t>(why)].sentence;
}
std::string_view label(Remark remark) noexcept {
  return kRemarks[static_cast<std::size_t>(remark)].label;
}
std::string_view describe(Remark remark) noexcept {
  return kRemarks[static_cast<std::size_t>(remark)].sentence;
}

}  // namespace core::mapping
