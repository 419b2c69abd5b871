// Whole workers with a scripted backend: requests that wait, across threads, and always an answer.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <thread>

#include "core/claims/claims.h"
#include "proxy/forward/trace.h"
#include "tests/proxy/forward/workers.h"

namespace proxy::forward {
namespace {

using net::Client;

constexpr std::string_view kLund = R"({"version":"1.0.0","action":"Continue","city":"Lund"})";
constexpr std::string_view kLater =
    R"({"version":"1.0.0","action":"ShowBlockPage","userMessage":"Later."})";

std::size_t count(std::string_view text, std::string_view part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != std::string_view::npos;
       at = text.find(part, at + part.size())) {
    ++found;
  }
  return found;
}

TEST(Forwarder, AnswersWithWhatTheBackendDecides) {
  Workers workers({});
  Client client(workers.port());
  ASSERT_TRUE(client.send(Workers::request(Workers::person(1))));
  const std::string answer = client.read_answers(1);
  EXPECT_NE(answer.find(kLund), std::string::npos) << answer;
  EXPECT_EQ(workers.script.asked, 1);
  const std::string metrics = workers.metrics();
  EXPECT_NE(metrics.find("claimgate_decisions_total{connector=\"signup\",result=\"miss\"} 1"),
            std::string::npos);
  EXPECT_NE(
      metrics.find("claimgate_answer_sources_total{connector=\"signup\",source=\"backend\"} 1"),
      std::string::npos);
}

TEST(Forwarder, AnswersInOrderWhenRequestsArePipelined) {
  Workers::Settings settings;
  settings.rules =
      "      - { name: n, when: { country: Norway }, block: later }\n"
      "      - { name: a, ask: crm }\n";
  Workers workers(settings);
  workers.script.set(50, Script::continues());
  Client client(workers.port());
  const std::string norway = Workers::request(R"({"country":"Norway"})");
  ASSERT_TRUE(client.send(norway + Workers::request(Workers::person(1)) + norway +
                          Workers::request(Workers::person(2)) + norway));
  const std::string answers = client.read_answers(5);
  std::string order;
  for (std::size_t at = 0; at < answers.size(); ++at) {
    if (answers.compare(at, kLund.size(), kLund) == 0) order += 'L';
    if (answers.compare(at, kLater.size(), kLater) == 0) order += 'N';
  }
  EXPECT_EQ(order, "NLNLN");
  EXPECT_EQ(workers.script.asked, 2);
}

TEST(Forwarder, PutsAHundredEqualSignUpsAndTheirRetriesToTheBackendOnce) {
  Workers::Settings settings;
  settings.workers = 2;
  Workers workers(settings);
  workers.script.set(200, Script::continues());
  const std::string request = Workers::request(Workers::person(1));
  for (int round = 0; round < 2; ++round) {
    std::vector<std::unique_ptr<Client>> clients;
    for (std::size_t i = 0; i < 100; ++i) {
      clients.push_back(std::make_unique<Client>(workers.port(i % 2)));
      ASSERT_TRUE(clients.back()->send(request));
    }
    for (const auto& client : clients) {
      ASSERT_NE(client->read_answers(1).find(kLund), std::string::npos);
    }
  }
  EXPECT_EQ(workers.script.asked, 1);
  const std::string metrics = workers.metrics();
  EXPECT_NE(metrics.find("claimgate_decisions_total{connector=\"signup\",result=\"miss\"} 1\n"),
            std::string::npos);
}

TEST(Forwarder, TellsOtherwiseAtTheDeadlineAndKeepsTheLateAnswer) {
  Workers::Settings settings;
  settings.connector = "    deadline: 100ms\n";
  Workers workers(settings);
  workers.script.set(400, Script::continues());
  Client client(workers.port());
  const std::string request = Workers::request(Workers::person(1));
  const auto began = std::chrono::steady_clock::now();
  ASSERT_TRUE(client.send(request));
  EXPECT_NE(client.read_answers(1).find(kLater), std::string::npos);
  const auto took = std::chrono::steady_clock::now() - began;
  EXPECT_GE(took, std::chrono::milliseconds(95));
  EXPECT_LT(took, std::chrono::milliseconds(390));
  EXPECT_NE(workers.metrics().find(
                "claimgate_fallbacks_total{connector=\"signup\",reason=\"deadline\"} 1"),
            std::string::npos);
  ASSERT_TRUE(Workers::wait_for([&] { return workers.shared().flights.count() == 0; }));
  ASSERT_TRUE(client.send(request));
  EXPECT_EQ(count(client.read_answers(2), kLund), 1u);
  EXPECT_EQ(workers.script.asked, 1) << "the retry reached no backend";
}

/// The request behind one whose deadline passes begins to wait from inside that. Its own deadline is
/// later, and those in between still hold.
TEST(Forwarder, KeepsDeadlinesThatComeBeforeOneThatBeganFromWithinAnother) {
  Workers::Settings settings;
  settings.connector = "    deadline: 300ms\n";
  settings.rules +=
      "  patient:\n    path: /patient\n    dialect: b2c-userflow\n    otherwise: { block: later }\n"
      "    deadline: 3s\n    rules:\n      - { name: b, ask: crm }\n";
  Workers workers(settings);
  workers.script.set(1'500, Script::continues());
  std::string patient = Workers::request(Workers::person(2));
  patient.replace(patient.find("/signup"), 7, "/patient");
  Client two(workers.port()), other(workers.port());
  const auto began = std::chrono::steady_clock::now();
  ASSERT_TRUE(two.send(Workers::request(Workers::person(1)) + patient));
  ASSERT_TRUE(Workers::wait_for([&] { return workers.script.asked == 1; }));
  std::this_thread::sleep_for(std::chrono::milliseconds(60));
  ASSERT_TRUE(other.send(Workers::request(Workers::person(3))));
  EXPECT_NE(other.read_answers(1).find(kLater), std::string::npos);
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::milliseconds(1'200));
  const std::string answers = two.read_answers(2);
  EXPECT_EQ(count(answers, kLater), 1u);
  EXPECT_EQ(count(answers, kLund), 1u);
}

TEST(Forwarder, AnswersOthersWhileTwoHundredHang) {
  Workers::Settings settings;
  settings.rules =
      "      - { name: n, when: { country: Norway }, block: later }\n"
      "      - { name: a, ask: crm }\n";
  settings.connector = "    deadline: 2s\n";
  Workers workers(settings);
  workers.script.set([] { return Script::Plan{0, {}, true}; });
  std::vector<std::unique_ptr<Client>> hanging;
  for (int i = 0; i < 200; ++i) {
    hanging.push_back(std::make_unique<Client>(workers.port()));
    ASSERT_TRUE(hanging.back()->send(Workers::request(Workers::person(i))));
  }
  ASSERT_TRUE(Workers::wait_for([&] { return workers.script.asked == 200; }));
  Client client(workers.port());
  for (std::size_t i = 1; i <= 50; ++i) {
    ASSERT_TRUE(client.send(Workers::request(R"({"country":"Norway"})")));
    ASSERT_EQ(count(client.read_answers(i), kLater), i);
  }
  EXPECT_EQ(workers.shared().flights.count(), 200u) << "none of them has ended meanwhile";
  for (const auto& one : hanging) {
    EXPECT_NE(one->read_answers(1).find(kLater), std::string::npos);
  }
}

TEST(Forwarder, DoesNotDropACallWhoseClientLeaves) {
  Workers workers({});
  workers.script.set(200, Script::continues());
  const std::string request = Workers::request(Workers::person(1));
  {
    Client leaves(workers.port());
    ASSERT_TRUE(leaves.send(request));
    ASSERT_TRUE(Workers::wait_for([&] { return workers.script.asked == 1; }));
  }
  Client joins(workers.port());
  ASSERT_TRUE(joins.send(request));
  EXPECT_NE(joins.read_answers(1).find(kLund), std::string::npos);
  EXPECT_EQ(workers.script.asked, 1);
}

TEST(Forwarder, RemembersForEverybodyUnderTheClaimsOfTheKey) {
  Workers::Settings settings;
  settings.rules = "      - { name: a, ask: crm, cache: { key: [ email ] } }\n";
  settings.workers = 2;
  Workers workers(settings);
  Client one(workers.port(0));
  ASSERT_TRUE(one.send(Workers::request(R"({"email":"a@b.example","city":"Oslo"})")));
  EXPECT_NE(one.read_answers(1).find(kLund), std::string::npos);
  Client other(workers.port(1));
  ASSERT_TRUE(other.send(Workers::request(R"({"email":"a@b.example","surname":"B"})")));
  EXPECT_NE(other.read_answers(1).find(kLund), std::string::npos);
  EXPECT_EQ(workers.script.asked, 1);
}

TEST(Forwarder, TellsStaleDecisionsAndRenewsThemBehind) {
  Workers::Settings settings;
  settings.rules =
      "      - { name: a, ask: crm, cache: { key: [ email ], ttl: { continue: 50ms }, stale: 1h, "
      "jitter: 0% } }\n";
  settings.connector = "    retry_window: 0ms\n";
  Workers workers(settings);
  Client client(workers.port());
  const std::string request = Workers::request(Workers::person(1));
  ASSERT_TRUE(client.send(request));
  ASSERT_EQ(count(client.read_answers(1), kLund), 1u);
  std::this_thread::sleep_for(std::chrono::milliseconds(60));
  workers.script.set(0, Script::fails());
  ASSERT_TRUE(client.send(request));
  ASSERT_EQ(count(client.read_answers(2), kLund), 2u) << "at once, whatever the backend does";
  EXPECT_TRUE(Workers::wait_for([&] { return workers.script.asked == 2; }));
  ASSERT_TRUE(client.send(request));
  ASSERT_EQ(count(client.read_answers(3), kLund), 3u) << "and on, while it fails";
  EXPECT_EQ(workers.script.asked, 2);
  EXPECT_NE(
      workers.metrics().find("claimgate_decisions_total{connector=\"signup\",result=\"stale\"} 2"),
      std::string::npos);
}

TEST(Forwarder, DoesNotShowABackendTheRetryOfWhatItHasFailed) {
  Workers workers({});
  workers.script.set(0, Script::fails());
  Client client(workers.port());
  const std::string request = Workers::request(Workers::person(1));
  ASSERT_TRUE(client.send(request));
  ASSERT_EQ(count(client.read_answers(1), kLater), 1u);
  ASSERT_TRUE(client.send(request));
  ASSERT_EQ(count(client.read_answers(2), kLater), 2u);
  EXPECT_EQ(workers.script.asked, 1);
  // But what never reached it is asked again.
  workers.script.set(0, Script::fails(false));
  ASSERT_TRUE(client.send(Workers::request(Workers::person(2))));
  ASSERT_EQ(count(client.read_answers(3), kLater), 3u);
  workers.script.set(0, Script::continues());
  ASSERT_TRUE(client.send(Workers::request(Workers::person(2))));
  ASSERT_EQ(count(client.read_answers(4), kLund), 1u);
  EXPECT_EQ(workers.script.asked, 3);
}

TEST(Forwarder, ShedsAboveItsBound) {
  Workers::Settings settings;
  settings.pending_max = 2;
  Workers workers(settings);
  workers.script.set(300, Script::continues());
  Client first(workers.port()), second(workers.port()), third(workers.port());
  ASSERT_TRUE(first.send(Workers::request(Workers::person(1))));
  ASSERT_TRUE(second.send(Workers::request(Workers::person(2))));
  ASSERT_TRUE(Workers::wait_for([&] { return workers.script.asked == 2; }));
  ASSERT_TRUE(third.send(Workers::request(Workers::person(3))));
  EXPECT_NE(third.read_answers(1).find(kLater), std::string::npos);
  EXPECT_NE(first.read_answers(1).find(kLund), std::string::npos);
  EXPECT_NE(second.read_answers(1).find(kLund), std::string::npos);
  EXPECT_EQ(workers.script.asked, 2);
  EXPECT_NE(workers.metrics().find(
                "claimgate_fallbacks_total{connector=\"signup\",reason=\"pending\"} 1"),
            std::string::npos);
}

TEST(Forwarder, ShedsAboveTheBoundOfAConnectorAndOthersGoOn) {
  Workers::Settings settings;
  settings.connector = "    pending: 1\n    deadline: 30s\n";
  settings.more =
      "  other:\n    path: /other\n    dialect: b2c-userflow\n    deadline: 30s\n"
      "    otherwise: { block: later }\n    rules:\n      - { name: b, ask: crm }\n";
  Workers workers(settings);
  workers.script.set([] { return Script::Plan{0, Script::continues(), false, true}; });
  Client first(workers.port()), second(workers.port()), third(workers.port());
  ASSERT_TRUE(first.send(Workers::request(Workers::person(1))));
  ASSERT_TRUE(Workers::wait_for([&] { return workers.script.asked == 1; }));
  ASSERT_TRUE(second.send(Workers::request(Workers::person(2))));
  EXPECT_NE(second.read_answers(1).find(kLater), std::string::npos);
  EXPECT_NE(workers.metrics().find(
                "claimgate_fallbacks_total{connector=\"signup\",reason=\"connector_pending\"} 1"),
            std::string::npos);
  // Who waits counts on under another edition of the connector.
  workers.reload(settings);
  std::string elsewhere = Workers::request(Workers::person(3));
  elsewhere.replace(elsewhere.find("/signup"), 7, "/other");
  ASSERT_TRUE(third.send(elsewhere));
  ASSERT_TRUE(Workers::wait_for([&] { return workers.script.asked == 2; })) << "another connector has its own places";
  ASSERT_TRUE(second.send(Workers::request(Workers::person(4))));
  EXPECT_EQ(count(second.read_answers(2), kLater), 2u);
  EXPECT_EQ(workers.script.asked, 2) << "the place of its connector is taken";
  workers.script.released = true;
  EXPECT_NE(first.read_answers(1).find(kLund), std::string::npos);
  EXPECT_NE(third.read_answers(1).find(kLund), std::string::npos);
  ASSERT_TRUE(second.send(Workers::request(Workers::person(5))));
  EXPECT_EQ(count(second.read_answers(3), kLund), 1u) << "the place is free again";
}

TEST(Forwarder, TellsOtherwiseWhenWhatMayWaitIsUsedUp) {
  Workers::Settings settings;
  const std::size_t body = Workers::person(1).size() + core::claims::kReadPadding;
  settings.memory.waiting = 2 * (net::Memory::kWaitingBytes + body);
  settings.connector = "    deadline: 30s\n";
  Workers workers(settings);
  workers.script.set([] { return Script::Plan{0, Script::continues(), false, true}; });
  Client first(workers.port()), second(workers.port()), third(workers.port());
  ASSERT_TRUE(first.send(Workers::request(Workers::person(1))));
  ASSERT_TRUE(second.send(Workers::request(Workers::person(2))));
  ASSERT_TRUE(Workers::wait_for([&] { return workers.script.asked == 2; }));
  ASSERT_TRUE(third.send(Workers::request(Workers::person(3))));
  EXPECT_NE(third.read_answers(1).find(kLater), std::string::npos);
  EXPECT_EQ(workers.script.asked, 2);
  EXPECT_NE(workers.metrics().find("claimgate_fallbacks_total{connector=\"signup\",reason=\"overload\"} 1"),
            std::string::npos);
  // They give back what they held, and another may wait.
  workers.script.released = true;
  EXPECT_NE(first.read_answers(1).find(kLund), std::string::npos);
  EXPECT_NE(second.read_answers(1).find(kLund), std::string::npos);
  ASSERT_TRUE(third.send(Workers::request(Workers::person(4))));
  EXPECT_EQ(count(third.read_answers(2), kLund), 1u);
}

TEST(Forwarder, AsksNobodyWhenQuestionsAndAnswersHoldAllTheyMay) {
  Workers::Settings settings;
  settings.memory.backends = 10;  // less than any question
  Workers workers(settings);
  Client client(workers.port());
  for (std::size_t i = 1; i <= 2; ++i) {
    ASSERT_TRUE(client.send(Workers::request(Workers::person(1))));
    EXPECT_EQ(count(client.read_answers(i), kLater), i);
  }
  EXPECT_EQ(workers.script.asked, 0);
  EXPECT_EQ(workers.shared().flights.count(), 0u);
  EXPECT_NE(workers.metrics().find("claimgate_fallbacks_total{connector=\"signup\",reason=\"overload\"} 2"),
            std::string::npos);
}

TEST(Forwarder, AnAnswerWithoutMemoryIsAnOverload) {
  Workers workers({});
  upstream::Outcome none = Script::fails();
  none.failure = upstream::Failure::kMemory;
  workers.script.set(0, none);
  Client client(workers.port());
  ASSERT_TRUE(client.send(Workers::request(Workers::person(1))));
  EXPECT_NE(client.read_answers(1).find(kLater), std::string::npos);
  EXPECT_NE(workers.metrics().find("claimgate_fallbacks_total{connector=\"signup\",reason=\"overload\"} 1"),
            std::string::npos);
}

TEST(Forwarder, KeepsTheEditionThatARequestBeganWith) {
  Workers workers({});
  workers.script.set(300, Script::continues());
  Client waits(workers.port());
  ASSERT_TRUE(waits.send(Workers::request(Workers::person(1))));
  ASSERT_TRUE(Workers::wait_for([&] { return workers.script.asked == 1; }));
  Workers::Settings other;
  other.rules = "      - { name: b, set: { jobTitle: new } }\n";
  workers.reload(other);
  Client fresh(workers.port());
  std::size_t answers = 0;
  ASSERT_TRUE(Workers::wait_for([&] {
    if (!fresh.send(Workers::request(Workers::person(2)))) return false;
    return fresh.read_answers(++answers).find("\"jobTitle\":\"new\"") != std::string::npos;
  }));
  EXPECT_NE(waits.read_answers(1).find(kLund), std::string::npos);
}

TEST(Forwarder, AnswersWhatWaitsBeforeItEnds) {
  Workers::Settings settings;
  settings.workers = 2;
  Workers workers(settings);
  workers.script.set(300, Script::continues());
  Client leads(workers.port(0)), joins(workers.port(1));
  const std::string request = Workers::request(Workers::person(1));
  ASSERT_TRUE(leads.send(request));
  ASSERT_TRUE(Workers::wait_for([&] { return workers.script.asked == 1; }));
  ASSERT_TRUE(joins.send(request));
  ASSERT_TRUE(Workers::wait_for([&] { return workers.shared().mailboxes[1]->waiting == 1; }));
  workers.worker(0).drain();
  workers.worker(1).drain();
  for (Client* client : {&leads, &joins}) {
    EXPECT_TRUE(client->read_to_end());
    EXPECT_NE(client->received().find(kLund), std::string::npos);
    EXPECT_NE(client->received().find("Connection: close"), std::string::npos);
  }
  for (std::size_t i = 0; i < 2; ++i) {
    workers.worker(i).join();
    EXPECT_FALSE(workers.worker(i).cut_off());
  }
}

TEST(Forwarder, EndsAtTheDrainTimeoutWhateverWaits) {
  Workers::Settings settings;
  settings.drain_ms = 100;
  Workers workers(settings);
  workers.script.set([] { return Script::Plan{0, {}, true}; });
  Client client(workers.port());
  ASSERT_TRUE(client.send(Workers::request(Workers::person(1))));
  ASSERT_TRUE(Workers::wait_for([&] { return workers.script.asked == 1; }));
  workers.worker(0).drain();
  workers.worker(0).join();
  EXPECT_TRUE(workers.worker(0).cut_off());
  EXPECT_TRUE(client.read_to_end());
  EXPECT_EQ(client.received(), "");
}

TEST(Forwarder, SendsTheCallersTraceOn) {
  Workers workers({});
  Client client(workers.port());
  ASSERT_TRUE(client.send(Workers::request(
      Workers::person(1),
      "Traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\nX-Request-Id: "
      "r-1\r\n")));
  client.read_answers(1);
  ASSERT_TRUE(client.send(Workers::request(Workers::person(2), "traceparent: 00-nonsense\r\n")));
  client.read_answers(2);
  const std::lock_guard lock(workers.script.mutex);
  ASSERT_EQ(workers.script.traces.size(), 2u);
  const upstream::Trace& continued = workers.script.traces[0];
  EXPECT_TRUE(is_traceparent(continued.traceparent.view()));
  EXPECT_TRUE(continued.traceparent.view().starts_with("00-0af7651916cd43dd8448eb211c80319c-"));
  EXPECT_TRUE(continued.traceparent.view().ends_with("-01"));
  EXPECT_EQ(continued.traceparent.view().find("b7ad6b7169203331"), std::string::npos);
  EXPECT_EQ(continued.request_id.view(), "r-1");
  EXPECT_TRUE(is_traceparent(workers.script.traces[1].traceparent.view()));
  EXPECT_FALSE(workers.script.traces[1].request_id.empty());
}

/// Decisions that machines share, in a map, and told on another thread or never.
class SharedDecisions final : public SecondLevel {
 public:
  ~SharedDecisions() override {
    for (std::thread& thread : threads_) thread.join();
  }
  bool ready() const noexcept override { return is_ready; }
  void find(const core::gate::Asked& asked, std::function<void(std::shared_ptr<const Landing>)> done) override {
    ++lookups;
    const std::lock_guard lock(mutex_);
    std::shared_ptr<Landing> landing;
    for (const auto& [key, decision] : kept_) {
      if (!(asked.by_claims && key == asked.claims_key) && !(asked.by_body && key == asked.body_key)) continue;
      landing = std::make_shared<Landing>();
      landing->decision = decision;
      landing->from_cache = true;
      if (decision.empty()) landing->why = core::gate::Fallback::kRemembered;
    }
    if (!is_silent) threads_.emplace_back([done = std::move(done), landing] { done(landing); });
  }
  void keep(const core::decisions::Key& key, std::string_view decision,
            const core::decisions::Lifetime&) noexcept override {
    const std::lock_guard lock(mutex_);
    kept_.emplace_back(key, decision);
  }
  void keep_unresolved(const core::decisions::Key& key, std::uint64_t) noexcept override { keep(key, {}, {}); }
  std::size_t kept() {
    const std::lock_guard lock(mutex_);
    return kept_.size();
  }

  std::atomic<bool> is_ready{true}, is_silent{false};
  std::atomic<int> lookups{0};

 private:
  std::mutex mutex_;
  std::vector<std::pair<core::decisions::Key, std::string>> kept_;
  std::vector<std::thread> threads_;
};

Workers::Settings sharing(SharedDecisions& decisions) {
  Workers::Settings settings;
  settings.second_level = &decisions;
  settings.cache_bytes = 0;  // each request finds out elsewhere
  settings.rules = "      - { name: a, ask: crm, cache: { key: [ email ], ttl: { continue: 10m, unresolved: 1m } } }\n";
  return settings;
}

TEST(Forwarder, AsksTheBackendOnlyWhatNoOtherMachineKnows) {
  SharedDecisions decisions;
  Workers workers(sharing(decisions));
  for (int i = 0; i < 3; ++i) {
    Client client(workers.port());
    ASSERT_TRUE(client.send(Workers::request(Workers::person(1))));
    EXPECT_NE(client.read_answers(1).find(kLund), std::string::npos) << i;
  }
  EXPECT_EQ(workers.script.asked, 1);
  EXPECT_EQ(decisions.lookups, 3);
  EXPECT_EQ(decisions.kept(), 1u) << "under its claims: they are kept for longer than a retry may come";
  EXPECT_NE(workers.metrics().find("claimgate_answer_sources_total{connector=\"signup\",source=\"cache\"} 2"),
            std::string::npos);

  decisions.is_ready = false;
  Client client(workers.port());
  ASSERT_TRUE(client.send(Workers::request(Workers::person(1))));
  EXPECT_NE(client.read_answers(1).find(kLund), std::string::npos) << "nobody waits for what is not there";
  EXPECT_EQ(decisions.lookups, 3);
  EXPECT_EQ(workers.script.asked, 2);
}

TEST(Forwarder, TellsOtherMachinesWhatABackendCouldNotSettle) {
  SharedDecisions decisions;
  Workers workers(sharing(decisions));
  workers.script.set(0, Script::fails());
  for (int i = 0; i < 2; ++i) {
    Client client(workers.port());
    ASSERT_TRUE(client.send(Workers::request(Workers::person(1))));
    EXPECT_NE(client.read_answers(1).find(kLater), std::string::npos) << i;
  }
  EXPECT_EQ(workers.script.asked, 1);
  EXPECT_EQ(decisions.kept(), 2u) << "under the claims, and for the caller's retry";
}

TEST(Forwarder, WhoeverDoesNotHearFromTheSecondLevelIsToldOtherwiseAtTheDeadline) {
  SharedDecisions decisions;
  decisions.is_silent = true;
  Workers::Settings settings = sharing(decisions);
  settings.connector = "    deadline: 200ms\n";
  Workers workers(settings);
  Client client(workers.port());
  ASSERT_TRUE(client.send(Workers::request(Workers::person(1))));
  EXPECT_NE(client.read_answers(1).find(kLater), std::string::npos);
  EXPECT_EQ(workers.script.asked, 0);
}

TEST(Traceparent, IsContinuedOnlyWhenItIsOne) {
  constexpr std::string_view kGood = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  EXPECT_TRUE(is_traceparent(kGood));
  EXPECT_TRUE(is_traceparent("01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more"));
  for (const std::string_view bad :
       {"", "00", "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
        "00-00000000000000000000000000000000-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
        "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01more",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0g",
        "00_0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}) {
    EXPECT_FALSE(is_traceparent(bad)) << bad;
  }
}

}  // namespace
}  // namespace proxy::forward
