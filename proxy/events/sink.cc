#include "proxy/events/sink.h"

#include <fstream>
#include <iterator>

namespace proxy::events {

core::Result<std::unique_ptr<Sink>, std::string> open_sink(const core::config::Sink& settings) {
  if (!settings.webhook.value.empty()) return open_webhook(settings);
  if (!settings.redis.value.empty()) return open_redis_sink(settings);
  if (!settings.kafka.empty()) return open_kafka_sink(settings);
  return open_file_sink(settings);
}

std::string read_authorities(const core::config::Sink& settings, std::string& authorities) {
  if (settings.ca.value.empty()) return {};
  std::ifstream file(settings.ca.value, std::ios::binary);
  authorities.assign(std::istreambuf_iterator<char>(file), {});
  return authorities.empty() ? settings.ca.value + ": cannot be read" : std::string();
}

}  // namespace proxy::events
