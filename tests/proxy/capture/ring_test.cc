#include "proxy/capture/ring.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <thread>
#include <vector>

namespace proxy::capture {
namespace {

TEST(Ring, GivesBackRecordsAndBodiesInOrder) {
  Ring ring;
  for (std::int64_t i = 0; i < 10; ++i) {
    EXPECT_TRUE(ring.push({i, 1, 2, 3, 4, 5}, std::string(static_cast<std::size_t>(i) * 7, 'a')));
  }
  std::int64_t next = 0;
  EXPECT_EQ(ring.drain([&](const Record& record, std::string_view body) {
    EXPECT_EQ(record.time_us, next);
    EXPECT_EQ(record.generation, 1u);
    EXPECT_EQ(record.rule, 2);
    EXPECT_EQ(record.connector, 3);
    EXPECT_EQ(body, std::string(static_cast<std::size_t>(next) * 7, 'a'));
    ++next;
  }),
            10u);
  EXPECT_EQ(ring.drain([](const Record&, std::string_view) { FAIL(); }), 0u);
}

TEST(Ring, CountsWhatItCannotHoldAndGoesOn) {
  Ring ring;
  EXPECT_FALSE(ring.push({}, std::string(Ring::kBodyBytesMax + 1, 'x')));
  EXPECT_EQ(ring.dropped(), 1u);
  EXPECT_FALSE(ring.wants_writer());
  const std::string large(Ring::kBodyBytesMax, 'x');
  std::size_t held = 0;
  while (ring.push({}, large)) ++held;
  EXPECT_EQ(held, 3u);  // each with its head
  EXPECT_TRUE(ring.wants_writer());
  EXPECT_EQ(ring.dropped(), 2u);
  EXPECT_EQ(ring.drain([&](const Record&, std::string_view body) { EXPECT_EQ(body, large); }),
            held);
  EXPECT_TRUE(ring.push({}, large));
}

TEST(Ring, KeepsEveryByteBetweenTwoThreadsRoundAfterRound) {
  Ring ring;
  constexpr std::int64_t kCount = 20'000;
  std::thread producer([&ring] {
    std::mt19937 random(1);
    for (std::int64_t i = 0; i < kCount;) {
      const std::string body(random() % 3000, static_cast<char>('a' + i % 26));
      if (ring.push({i, 0, static_cast<std::int32_t>(body.size()), 0, 0, 0}, body)) {
        ++i;
      } else {
        std::this_thread::yield();
      }
    }
  });
  std::int64_t next = 0;
  while (next < kCount) {
    ring.drain([&](const Record& record, std::string_view body) {
      ASSERT_EQ(record.time_us, next);
      ASSERT_EQ(body, std::string(static_cast<std::size_t>(record.rule),
                                  static_cast<char>('a' + next % 26)));
      ++next;
    });
  }
  producer.join();
}

}  // namespace
}  // namespace proxy::capture
