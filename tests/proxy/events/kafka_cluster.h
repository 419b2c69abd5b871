#pragma once

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

/// librdkafka's own stand-in for a cluster of Kafka, on loopback, and a consumer of one topic of it.
namespace proxy::events {

class KafkaCluster {
 public:
  explicit KafkaCluster(const std::string& topic, int partitions = 4, int brokers = 3) : topic_(topic) {
    char why[512] = {};
    host_ = rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), why, sizeof why);
    cluster_ = rd_kafka_mock_cluster_new(host_, brokers);
    rd_kafka_mock_topic_create(cluster_, topic.c_str(), partitions, brokers);
    rd_kafka_conf_t* const conf = rd_kafka_conf_new();
    rd_kafka_conf_set(conf, "bootstrap.servers", servers().c_str(), why, sizeof why);
    rd_kafka_conf_set(conf, "group.id", "test", why, sizeof why);
    consumer_ = rd_kafka_new(RD_KAFKA_CONSUMER, conf, why, sizeof why);
    rd_kafka_poll_set_consumer(consumer_);
    rd_kafka_topic_partition_list_t* const all = rd_kafka_topic_partition_list_new(partitions);
    for (int i = 0; i < partitions; ++i) {
      rd_kafka_topic_partition_list_add(all, topic.c_str(), i)->offset = RD_KAFKA_OFFSET_BEGINNING;
    }
    rd_kafka_assign(consumer_, all);
    rd_kafka_topic_partition_list_destroy(all);
  }
  ~KafkaCluster() {
    rd_kafka_consumer_close(consumer_);
    rd_kafka_destroy(consumer_);
    rd_kafka_mock_cluster_destroy(cluster_);
    rd_kafka_destroy(host_);
  }
  KafkaCluster(const KafkaCluster&) = delete;
  KafkaCluster& operator=(const KafkaCluster&) = delete;

  std::string servers() const { return rd_kafka_mock_cluster_bootstraps(cluster_); }
  rd_kafka_mock_cluster_t* get() const noexcept { return cluster_; }

  struct Message {
    std::string key, value;
    int partition = 0;
    std::vector<std::pair<std::string, std::string>> headers;
  };
  /// The next message; nothing when there is none for `wait_ms`.
  std::optional<Message> next(int wait_ms) {
    rd_kafka_message_t* const got = rd_kafka_consumer_poll(consumer_, wait_ms);
    if (got == nullptr) return std::nullopt;
    std::optional<Message> message;
    if (got->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
      message.emplace();
      message->key.assign(static_cast<const char*>(got->key), got->key_len);
      message->value.assign(static_cast<const char*>(got->payload), got->len);
      message->partition = got->partition;
      read_headers(*got, message->headers);
    }
    rd_kafka_message_destroy(got);
    return message;
  }
  /// `count` messages, or as many as come within a long time.
  std::vector<Message> take(std::size_t count) {
    std::vector<Message> all;
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (all.size() < count && std::chrono::steady_clock::now() < end) {
      if (auto message = next(100)) all.push_back(std::move(*message));
    }
    return all;
  }

 private:
  static void read_headers(const rd_kafka_message_t& message,
                           std::vector<std::pair<std::string, std::string>>& to) {
    rd_kafka_headers_t* headers = nullptr;
    if (rd_kafka_message_headers(&message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) return;
    const char* name = nullptr;
    const void* value = nullptr;
    std::size_t size = 0;
    for (std::size_t i = 0; rd_kafka_header_get_all(headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR;
         ++i) {
      to.emplace_back(name, std::string(static_cast<const char*>(value), size));
    }
  }

  std::string topic_;
  rd_kafka_t* host_ = nullptr;
  rd_kafka_mock_cluster_t* cluster_ = nullptr;
  rd_kafka_t* consumer_ = nullptr;
};

}  // namespace proxy::events
