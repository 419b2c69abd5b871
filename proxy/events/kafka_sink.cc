// Events as messages of a topic of Kafka (CloudEvents, Kafka protocol binding 1.0), by librdkafka's
// idempotent producer: acknowledged by all replicas that are in sync, repeated by it within `timeout`
// without being doubled. The key of a message is the event's partition key. Its threads do the sending;
// reports are taken on the courier's thread.
#include <librdkafka/rdkafka.h>

#include <cstring>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "proxy/events/sink.h"
#include "proxy/log.h"

namespace proxy::events {
namespace {

constexpr std::uint64_t kKafkaAwayMs = 1000;
constexpr int kPurgeMs = 1000;
constexpr int kSyslogWarning = 4;

/// What a report says of the event, or of the sink. Kafka refuses few things because of the message itself.
Outcome outcome_of(rd_kafka_resp_err_t error) {
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return {};
  std::string why = std::string("kafka: ") + rd_kafka_err2name(error);
  switch (error) {
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_INVALID_MSG:
    case RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE:
    case RD_KAFKA_RESP_ERR_INVALID_RECORD: return {Outcome::Result::kRefused, 0, std::move(why)};
    default: return {Outcome::Result::kAway, kKafkaAwayMs, std::move(why)};
  }
}

struct FreeConf {
  void operator()(rd_kafka_conf_t* conf) const noexcept { rd_kafka_conf_destroy(conf); }
};
using ConfPtr = std::unique_ptr<rd_kafka_conf_t, FreeConf>;

class KafkaSink final : public Sink {
 public:
  KafkaSink(const core::config::Sink& settings, ConfPtr conf)
      : name_(settings.name.value),
        topic_(settings.topic.value),
        binary_(settings.mode == core::config::Sink::Mode::kBinary),
        concurrency_(static_cast<std::size_t>(settings.concurrency)),
        conf_(std::move(conf)) {
    rd_kafka_conf_set_opaque(conf_.get(), this);
    rd_kafka_conf_set_dr_msg_cb(conf_.get(), [](rd_kafka_t*, const rd_kafka_message_t* message, void* opaque) {
      static_cast<KafkaSink*>(opaque)->reported(*message);
    });
    rd_kafka_conf_set_error_cb(conf_.get(), [](rd_kafka_t*, int error, const char*, void* opaque) {
      if (error == RD_KAFKA_RESP_ERR__FATAL) static_cast<KafkaSink*>(opaque)->broken_ = true;
    });
    // Its texts name brokers and topics, and nothing of a message.
    rd_kafka_conf_set_log_cb(conf_.get(), [](const rd_kafka_t*, int level, const char*, const char* text) {
      if (level <= kSyslogWarning) log::warn("kafka: {}", text);
    });
  }
  ~KafkaSink() override { close(); }

  /// Empty, or why there is no producer.
  std::string open() {
    char why[512] = {};
    rd_kafka_conf_t* const conf = rd_kafka_conf_dup(conf_.get());
    rd_kafka_t* const kafka = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof why);
    if (kafka == nullptr) {
      rd_kafka_conf_destroy(conf);
      return why;
    }
    const std::lock_guard lock(mutex_);
    kafka_ = kafka;
    queue_ = rd_kafka_queue_get_main(kafka);
    return {};
  }

  bool ordered() const noexcept override { return false; }
  std::size_t room() const noexcept override { return concurrency_ - under_way_; }

  void offer(Ticket ticket, const core::events::CloudEvent& event) override {
    ++under_way_;
    const rd_kafka_resp_err_t error = kafka_ == nullptr ? RD_KAFKA_RESP_ERR__FATAL : produce(ticket, event);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) settled_.emplace_back(ticket, outcome_of(error));
  }

  void work(std::uint64_t wait_ms, const Settled& settled) override {
    if (broken_) begin_anew();
    if (queue_ == nullptr) {  // and there is none again: what is offered meanwhile is put off
      if (open().empty()) log::info("sink {}: has a producer again", name_);
    }
    if (queue_ != nullptr) {
      rd_kafka_queue_poll_callback(queue_, settled_.empty() ? static_cast<int>(wait_ms) : 0);
    }
    std::vector<std::pair<Ticket, Outcome>> done;
    done.swap(settled_);
    under_way_ -= done.size();
    for (auto& [ticket, outcome] : done) settled(ticket, std::move(outcome));
  }

  void wake() noexcept override {
    const std::lock_guard lock(mutex_);
    if (queue_ != nullptr) rd_kafka_queue_yield(queue_);
  }

 private:
  rd_kafka_resp_err_t produce(Ticket ticket, const core::events::CloudEvent& event) {
    std::string body;
    if (binary_) {
      body = event.data;
    } else {
      core::events::append_structured(body, event);
    }
    rd_kafka_headers_t* const headers = rd_kafka_headers_new(binary_ ? 10 : 1);
    const auto add = [&](std::string_view name, std::string_view value) {
      rd_kafka_header_add(headers, name.data(), static_cast<ssize_t>(name.size()), value.data(),
                          static_cast<ssize_t>(value.size()));
    };
    add("content-type", binary_ ? core::events::kDataType : core::events::kStructuredType);
    if (binary_) {
      for (const auto& [name, value] : core::events::attributes(event)) add("ce_" + std::string(name), value);
    }
    rd_kafka_vu_t parts[6] = {};
    parts[0].vtype = RD_KAFKA_VTYPE_TOPIC;
    parts[0].u.cstr = topic_.c_str();
    parts[1].vtype = RD_KAFKA_VTYPE_MSGFLAGS;
    parts[1].u.i = RD_KAFKA_MSG_F_COPY;
    parts[2].vtype = RD_KAFKA_VTYPE_VALUE;
    parts[2].u.mem = {body.data(), body.size()};
    parts[3].vtype = RD_KAFKA_VTYPE_OPAQUE;
    parts[3].u.ptr = reinterpret_cast<void*>(static_cast<std::uintptr_t>(ticket));
    parts[4].vtype = RD_KAFKA_VTYPE_HEADERS;
    parts[4].u.headers = headers;
    std::size_t count = 5;
    if (!event.partition_key.empty()) {
      parts[count].vtype = RD_KAFKA_VTYPE_KEY;
      parts[count++].u.mem = {const_cast<char*>(event.partition_key.data()), event.partition_key.size()};
    }
    rd_kafka_error_t* const error = rd_kafka_produceva(kafka_, parts, count);
    if (error == nullptr) return RD_KAFKA_RESP_ERR_NO_ERROR;
    const rd_kafka_resp_err_t code = rd_kafka_error_code(error);
    rd_kafka_error_destroy(error);
    rd_kafka_headers_destroy(headers);  // theirs only when it was taken
    return code;
  }

  void reported(const rd_kafka_message_t& message) {
    const auto ticket = static_cast<Ticket>(reinterpret_cast<std::uintptr_t>(message._private));
    settled_.emplace_back(ticket, outcome_of(message.err));
  }

  /// An idempotent producer that has lost its sequence is of no use any more: what it had under way is
  /// reported as not delivered, and another takes its place.
  void begin_anew() {
    broken_ = false;
    log::warn("sink {}: the producer has failed and is made again", name_);
    close();
  }

  void close() noexcept {
    if (kafka_ == nullptr) return;
    rd_kafka_purge(kafka_, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    rd_kafka_flush(kafka_, kPurgeMs);  // brings the reports of what was purged
    {
      const std::lock_guard lock(mutex_);
      rd_kafka_queue_destroy(queue_);
      queue_ = nullptr;
    }
    rd_kafka_destroy(std::exchange(kafka_, nullptr));
  }

  const std::string name_, topic_;
  const bool binary_;
  const std::size_t concurrency_;
  const ConfPtr conf_;
  std::mutex mutex_;  // of queue_, for wake()
  rd_kafka_t* kafka_ = nullptr;
  rd_kafka_queue_t* queue_ = nullptr;
  std::vector<std::pair<Ticket, Outcome>> settled_;
  std::size_t under_way_ = 0;
  bool broken_ = false;
};

/// Every setting of the producer that is not its own default. Empty, or which one it refuses.
std::string configure(const core::config::Sink& settings, rd_kafka_conf_t* conf) {
  std::string why;
  const auto set = [&](const char* name, const std::string& value) {
    char words[512] = {};
    if (why.empty() && rd_kafka_conf_set(conf, name, value.c_str(), words, sizeof words) != RD_KAFKA_CONF_OK) {
      why = std::string(name) + ": " + (value == settings.password.value ? "refused" : words);
    }
  };
  std::string brokers;
  for (const core::config::Text& broker : settings.kafka) brokers += (brokers.empty() ? "" : ",") + broker.value;
  set("bootstrap.servers", brokers);
  set("client.id", "claimgate");
  set("enable.idempotence", "true");  // acks=all, and no more than 5 requests under way
  set("message.timeout.ms", std::to_string(settings.timeout.count()));
  set("linger.ms", "5");
  set("partitioner", "murmur2_random");  // where other clients' messages of the same key are, too
  set("log.connection.close", "false");
  const bool login = !settings.username.value.empty();
  set("security.protocol", std::string(login ? "sasl_" : "") + (settings.tls ? "ssl" : "plaintext"));
  if (login) {
    constexpr const char* kMechanisms[] = {"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"};
    set("sasl.mechanism", kMechanisms[static_cast<std::size_t>(settings.mechanism)]);
    set("sasl.username", settings.username.value);
    set("sasl.password", settings.password.value);
  }
  if (settings.tls) {
    std::string authorities;
    if (std::string unread = read_authorities(settings, authorities); !unread.empty()) return unread;
    if (!authorities.empty()) set("ssl.ca.pem", authorities);
  }
  return why;
}

}  // namespace

core::Result<std::unique_ptr<Sink>, std::string> open_kafka_sink(const core::config::Sink& settings) {
  ConfPtr conf(rd_kafka_conf_new());
  if (std::string why = configure(settings, conf.get()); !why.empty()) return why;
  auto sink = std::make_unique<KafkaSink>(settings, std::move(conf));
  if (std::string why = sink->open(); !why.empty()) return why;
  return std::unique_ptr<Sink>(std::move(sink));
}

}  // namespace proxy::events
