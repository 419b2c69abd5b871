// A stand-in for a cluster of Kafka (librdkafka's), for the end-to-end tests: prints its address, then each
// message of the topic as a line of JSON, until its standard input ends.
#include <poll.h>
#include <unistd.h>

#include <cstdio>

#include "../../core/text/json.h"
#include "../proxy/events/kafka_cluster.h"

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: kafka_mock TOPIC\n", stderr);
    return 2;
  }
  proxy::events::KafkaCluster cluster(argv[1]);
  std::printf("%s\n", cluster.servers().c_str());
  std::fflush(stdout);
  pollfd input{STDIN_FILENO, POLLIN, 0};
  while (::poll(&input, 1, 0) == 0) {
    const auto message = cluster.next(100);
    if (!message) continue;
    std::string json = "{\"key\":" + core::text::json_quoted(message->key) +
                       ",\"value\":" + core::text::json_quoted(message->value) + ",\"headers\":{";
    for (const auto& [name, value] : message->headers) {
      json += (json.back() == '{' ? "" : ",") + core::text::json_quoted(name) + ":" + core::text::json_quoted(value);
    }
    std::printf("%s}}\n", json.c_str());
    std::fflush(stdout);
  }
  return 0;
}
