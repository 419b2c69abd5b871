#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "delivering.h"
#include "kafka_cluster.h"

namespace proxy::events {
namespace {

using Result = Outcome::Result;

class KafkaSinkTest : public ::testing::Test {
 protected:
  KafkaSinkTest() {
    settings_.name.value = "bus";
    settings_.kafka.push_back({cluster_.servers(), {}});
    settings_.topic.value = "signups";
    settings_.tls = false;
    settings_.concurrency = 256;
    settings_.timeout = core::config::milliseconds(20'000);
  }
  std::unique_ptr<Sink> open() {
    auto sink = open_sink(settings_);
    EXPECT_TRUE(sink.ok()) << sink.error();
    return sink.ok() ? std::move(sink).value() : nullptr;
  }

  KafkaCluster cluster_{"signups"};
  core::config::Sink settings_;
};

TEST_F(KafkaSinkTest, MakesAMessageOfEachEventAndAKeyOfItsPartitionKey) {
  const auto sink = open();
  ASSERT_NE(sink, nullptr);
  Delivering delivering(*sink);
  for (int i = 0; i < 20; ++i) delivering.offer(made_event("e" + std::to_string(i), "same"));
  delivering.offer(made_event("keyless"));
  ASSERT_TRUE(delivering.settle(21));
  for (Sink::Ticket i = 1; i <= 21; ++i) EXPECT_EQ(delivering.outcome(i).result, Result::kDelivered);
  const auto messages = cluster_.take(21);
  ASSERT_EQ(messages.size(), 21U);
  std::set<int> partitions;
  std::set<std::string> values;
  for (const auto& message : messages) {
    values.insert(message.value);
    ASSERT_EQ(message.headers.size(), 1U);
    EXPECT_EQ(message.headers[0].first, "content-type");
    EXPECT_EQ(message.headers[0].second, core::events::kStructuredType);
    if (message.key == "same") partitions.insert(message.partition);
  }
  EXPECT_EQ(partitions.size(), 1U) << "what has one key lies in one partition";
  std::string json;
  core::events::append_structured(json, made_event("e7", "same"));
  EXPECT_TRUE(values.contains(json));
}

TEST_F(KafkaSinkTest, SendsAttributesAsHeadersInBinaryMode) {
  settings_.mode = core::config::Sink::Mode::kBinary;
  const auto sink = open();
  ASSERT_NE(sink, nullptr);
  Delivering delivering(*sink);
  delivering.offer(made_event("e1", "k"));
  ASSERT_TRUE(delivering.settle(1));
  const auto messages = cluster_.take(1);
  ASSERT_EQ(messages.size(), 1U);
  EXPECT_EQ(messages[0].value, made_event("e1").data);
  using Pair = std::pair<std::string, std::string>;
  EXPECT_THAT(messages[0].headers,
              ::testing::IsSupersetOf({Pair{"content-type", "application/json"}, Pair{"ce_specversion", "1.0"},
                                       Pair{"ce_id", "e1"}, Pair{"ce_type", "com.example.told"},
                                       Pair{"ce_partitionkey", "k"}}));
}

TEST_F(KafkaSinkTest, DoublesNothingWhenAnswersOfTheBrokerAreLost) {
  // The first answers are errors that a producer repeats: with sequences nothing is written twice.
  rd_kafka_mock_push_request_errors(cluster_.get(), 0 /* Produce */, 3, RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS,
                                    RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT, RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE);
  const auto sink = open();
  ASSERT_NE(sink, nullptr);
  Delivering delivering(*sink);
  for (int i = 0; i < 50; ++i) delivering.offer(made_event("e" + std::to_string(i), std::to_string(i)));
  ASSERT_TRUE(delivering.settle(50));
  std::multiset<std::string> keys;
  for (const auto& message : cluster_.take(50)) keys.insert(message.key);
  EXPECT_EQ(keys.size(), 50U);
  EXPECT_EQ(std::set<std::string>(keys.begin(), keys.end()).size(), 50U);
  EXPECT_FALSE(cluster_.next(300).has_value());
}

TEST_F(KafkaSinkTest, WaitsForBrokersThatAreAwayAndBuriesWhatIsTooLarge) {
  settings_.timeout = core::config::milliseconds(300);
  const auto sink = open();
  ASSERT_NE(sink, nullptr);
  Delivering delivering(*sink);
  for (int broker = 1; broker <= 3; ++broker) rd_kafka_mock_broker_set_down(cluster_.get(), broker);
  delivering.offer(made_event("e1"));
  ASSERT_TRUE(delivering.settle(1));
  EXPECT_EQ(delivering.outcome(1).result, Result::kAway) << delivering.outcome(1).why;
  EXPECT_EQ(delivering.outcome(1).why, "kafka: _MSG_TIMED_OUT");
  core::events::CloudEvent large = made_event("large");
  large.data = "\"" + std::string(2 << 20, 'x') + "\"";
  delivering.offer(large);
  ASSERT_TRUE(delivering.settle(1));
  EXPECT_EQ(delivering.outcome(2).result, Result::kRefused) << delivering.outcome(2).why;
  for (int broker = 1; broker <= 3; ++broker) rd_kafka_mock_broker_set_up(cluster_.get(), broker);
  Sink::Ticket ticket = 2;
  ASSERT_TRUE(delivering.work_until([&] {
    delivering.offer(made_event("e3"));
    EXPECT_TRUE(delivering.settle(1));
    return delivering.outcome(++ticket).result == Result::kDelivered;
  }));
}

TEST_F(KafkaSinkTest, SaysWhichSettingIsRefused) {
  settings_.tls = true;
  settings_.ca.value = "/nowhere/ca.pem";
  const auto sink = open_sink(settings_);
  ASSERT_FALSE(sink.ok());
  EXPECT_EQ(sink.error(), "/nowhere/ca.pem: cannot be read");
}

}  // namespace
}  // namespace proxy::events
