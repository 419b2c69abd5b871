// What is kept of an approval: fields behind each other, each with its size in front ("5:denied"), so that
// no value needs escaping and a record that was cut is noticed.
#include <charconv>

#include "core/approvals/approval.h"

namespace core::approvals {
namespace {

constexpr std::string_view kVersion = "1";

void put(std::string& record, std::string_view field) {
  record.append(std::to_string(field.size())).append(":").append(field);
}
void put(std::string& record, std::int64_t number) { put(record, std::string_view(std::to_string(number))); }

/// Takes fields from the front. Once one is missing all are.
class Taker {
 public:
  explicit Taker(std::string_view record) : rest_(record) {}

  std::string_view text() {
    std::size_t size = 0;
    const auto [stop, ec] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), size);
    const auto digits = static_cast<std::size_t>(stop - rest_.data());
    good_ = good_ && ec == std::errc{} && digits < rest_.size() && rest_[digits] == ':' &&
            size <= rest_.size() - digits - 1;
    if (!good_) return {};
    const std::string_view field = rest_.substr(digits + 1, size);
    rest_.remove_prefix(digits + 1 + size);
    return field;
  }
  std::int64_t number() {
    const std::string_view field = text();
    std::int64_t number = 0;
    const auto [stop, ec] = std::from_chars(field.data(), field.data() + field.size(), number);
    good_ = good_ && ec == std::errc{} && stop == field.data() + field.size();
    return number;
  }
  bool good() const noexcept { return good_; }
  bool ended() const noexcept { return rest_.empty(); }

 private:
  std::string_view rest_;
  bool good_ = true;
};

}  // namespace

std::string to_record(const Approval& approval) {
  std::string record;
  put(record, kVersion);
  put(record, name(approval.state));
  put(record, approval.connector);
  put(record, approval.request);
  for (const std::int64_t at_s : {approval.requested_s, approval.decided_s, approval.expires_s,
                                  approval.erase_s}) {
    put(record, at_s);
  }
  put(record, static_cast<std::int64_t>(approval.account));
  put(record, approval.account_tries);
  put(record, approval.claims);
  for (const Change& change : approval.trail) {
    put(record, change.at_s);
    for (const std::string* text : {&change.what, &change.who, &change.why}) put(record, *text);
  }
  return record;
}

std::optional<Approval> of_record(std::string_view record) {
  Taker taker(record);
  if (taker.text() != kVersion) return std::nullopt;
  Approval approval;
  const std::optional<State> state = state_of(taker.text());
  if (!state) return std::nullopt;
  approval.state = *state;
  approval.connector = taker.text();
  approval.request = taker.text();
  approval.requested_s = taker.number();
  approval.decided_s = taker.number();
  approval.expires_s = taker.number();
  approval.erase_s = taker.number();
  const std::int64_t account = taker.number();
  if (account < 0 || account >= static_cast<std::int64_t>(kAccountStateCount)) return std::nullopt;
  approval.account = static_cast<AccountState>(account);
  approval.account_tries = taker.number();
  approval.claims = taker.text();
  while (taker.good() && !taker.ended()) {
    Change change;
    change.at_s = taker.number();
    for (std::string* text : {&change.what, &change.who, &change.why}) *text = taker.text();
    approval.trail.push_back(std::move(change));
  }
  if (!taker.good()) return std::nullopt;
  return approval;
}

}  // namespace core::approvals
