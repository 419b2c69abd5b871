#include "core/events/plan.h"

#include <cstring>

namespace core::events {
namespace {

constexpr std::size_t kSizeBytes = 4;

}  // namespace

std::size_t take_values(const std::vector<rules::Subject>& subjects, rules::Evaluation& evaluation,
                        char* to, std::size_t room) noexcept {
  std::size_t used = 0;
  for (const rules::Subject& subject : subjects) {
    const rules::Value value = evaluation.value_of(subject);
    const bool present = value.present();
    const std::size_t size = present ? 1 + kSizeBytes + value.text.size() : 1;
    if (size > room - used) return room + 1;
    to[used] = static_cast<char>(present ? value.kind : claims::Kind::kAbsent);
    if (present) {
      const auto bytes = static_cast<std::uint32_t>(value.text.size());
      std::memcpy(to + used + 1, &bytes, kSizeBytes);
      if (bytes != 0) std::memcpy(to + used + 1 + kSizeBytes, value.text.data(), bytes);
    }
    used += size;
  }
  return used;
}

bool read_values(std::string_view bytes, std::size_t count, std::vector<TakenValue>& values) {
  values.clear();
  for (std::size_t i = 0; i < count; ++i) {
    if (bytes.empty()) return false;
    TakenValue value;
    value.kind = static_cast<claims::Kind>(bytes.front());
    bytes.remove_prefix(1);
    if (value.kind != claims::Kind::kAbsent) {
      std::uint32_t size = 0;
      if (bytes.size() < kSizeBytes) return false;
      std::memcpy(&size, bytes.data(), kSizeBytes);
      bytes.remove_prefix(kSizeBytes);
      if (bytes.size() < size) return false;
      value.text = bytes.substr(0, size);
      bytes.remove_prefix(size);
    }
    values.push_back(value);
  }
  return bytes.empty();
}

}  // namespace core::events
