#pragma once

#include <future>
#include <string>
#include <utility>
#include <vector>

#include "proxy/state/store.h"

/// A store asked by a test, which waits for each answer.
namespace proxy::state {

class Waiting {
 public:
  explicit Waiting(Store& store) : store_(store) {}

  Failure commit(Batch batch) {
    std::promise<Failure> answer;
    store_.commit(std::move(batch), [&answer](Failure failure) { answer.set_value(failure); });
    return answer.get_future().get();
  }
  Failure write(std::string table, std::string key, std::string value, std::uint64_t expected,
                std::int64_t expires_s = 0) {
    return commit({{{std::move(table), std::move(key), std::move(value), expected, expires_s, false}}, {}});
  }
  Failure erase(std::string table, std::string key, std::uint64_t expected) {
    return commit({{{std::move(table), std::move(key), {}, expected, 0, true}}, {}});
  }
  Failure append(std::string stream, std::string key, std::string value) {
    return commit({{}, {{std::move(stream), std::move(key), std::move(value)}}});
  }

  std::pair<Failure, Record> read(std::string table, std::string key) {
    std::promise<std::pair<Failure, Record>> answer;
    store_.read(std::move(table), std::move(key),
                [&answer](Failure failure, Record record) { answer.set_value({failure, std::move(record)}); });
    return answer.get_future().get();
  }
  std::vector<Row> scan(std::string table, std::string after = {}, std::size_t limit = kPageMax) {
    std::promise<std::vector<Row>> answer;
    store_.scan(std::move(table), std::move(after), limit,
                [&answer](Failure, std::vector<Row> rows) { answer.set_value(std::move(rows)); });
    return answer.get_future().get();
  }
  std::vector<Entry> stream(std::string stream, std::uint64_t after = 0, std::size_t limit = kPageMax) {
    std::promise<std::vector<Entry>> answer;
    store_.read_stream(std::move(stream), after, limit, [&answer](Failure, std::vector<Entry> entries) {
      answer.set_value(std::move(entries));
    });
    return answer.get_future().get();
  }
  Failure trim(std::string stream, std::uint64_t up_to, std::vector<std::uint64_t> numbers = {}) {
    std::promise<Failure> answer;
    store_.trim(std::move(stream), up_to, std::move(numbers),
                [&answer](Failure failure) { answer.set_value(failure); });
    return answer.get_future().get();
  }
  StreamSize measure(std::string stream) {
    std::promise<StreamSize> answer;
    store_.measure(std::move(stream), [&answer](Failure, StreamSize size) { answer.set_value(size); });
    return answer.get_future().get();
  }

 private:
  Store& store_;
};

}  // namespace proxy::state
