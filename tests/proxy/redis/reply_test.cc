#include "proxy/redis/reply.h"

#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "proxy/redis/command.h"

namespace proxy::redis {
namespace {

constexpr std::string_view kAnswers =
    "+OK\r\n:-42\r\n$5\r\nhello\r\n$-1\r\n*-1\r\n*0\r\n"
    "*3\r\n$1\r\na\r\n*2\r\n:1\r\n$-1\r\n-ERR inside\r\n-NOSCRIPT No matching script\r\n$0\r\n\r\n";

/// What the bytes of `pieces` say, one line an answer.
std::string told(const Reply& reply) {
  switch (reply.kind) {
    case Reply::Kind::kNil: return "nil";
    case Reply::Kind::kText: return "'" + reply.text + "'";
    case Reply::Kind::kInteger: return std::to_string(reply.integer);
    case Reply::Kind::kError: return "!" + reply.text;
    case Reply::Kind::kArray: break;
  }
  std::string items = "[";
  for (const Reply& item : reply.items) items += told(item) + " ";
  return items + "]";
}

std::string read(const std::vector<std::string_view>& pieces) {
  ReplyReader reader(1 << 20);
  std::string all;
  for (const std::string_view piece : pieces) {
    // Of exact size, so that the sanitizer sees one byte too far.
    const std::unique_ptr<char[]> bytes(new char[piece.size()]);
    std::memcpy(bytes.get(), piece.data(), piece.size());
    if (!reader.feed({bytes.get(), piece.size()})) return all + "fault";
    Reply reply;
    for (;;) {
      const ReplyReader::Step step = reader.next(reply);
      if (step == ReplyReader::Step::kFault) return all + "fault";
      if (step == ReplyReader::Step::kMore) break;
      all += told(reply) + "\n";
      reply = Reply();
    }
  }
  return all;
}

constexpr std::string_view kTold =
    "'OK'\n-42\n'hello'\nnil\nnil\n[]\n['a' [1 nil ] !ERR inside ]\n!NOSCRIPT No matching script\n''\n";

TEST(ReplyReader, ReadsEveryKindOfAnswerHoweverItIsCut) {
  EXPECT_EQ(read({kAnswers}), kTold);
  for (std::size_t cut = 0; cut <= kAnswers.size(); ++cut) {
    EXPECT_EQ(read({kAnswers.substr(0, cut), kAnswers.substr(cut)}), kTold) << cut;
  }
  std::vector<std::string_view> bytes;
  for (std::size_t i = 0; i < kAnswers.size(); ++i) bytes.push_back(kAnswers.substr(i, 1));
  EXPECT_EQ(read(bytes), kTold);
}

TEST(ReplyReader, RefusesWhatIsNoAnswer) {
  for (const std::string_view bytes :
       {"HTTP/1.1 400 Bad Request\r\n\r\n", "$abc\r\n", "*99999999999999999999\r\n", "*70000\r\n",
        "*2147483647\r\n", "\r\n", "\x16\x03\x01\x02\x00", ":12a\r\n"}) {
    EXPECT_EQ(read({bytes}), "fault") << bytes;
  }
}

TEST(ReplyReader, GivesUpOnAnAnswerAboveItsBound) {
  ReplyReader reader(1000);
  Reply reply;
  ASSERT_TRUE(reader.feed("$100000\r\n"));
  ASSERT_EQ(reader.next(reply), ReplyReader::Step::kMore);
  ASSERT_TRUE(reader.feed(std::string(1000, 'x')));
  EXPECT_EQ(reader.next(reply), ReplyReader::Step::kFault);
}

TEST(Reply, NamesTheFirstWordOfAnError) {
  EXPECT_EQ((Reply{Reply::Kind::kError, 0, "NOSCRIPT No such", {}}).error_word(), "NOSCRIPT");
  EXPECT_EQ((Reply{Reply::Kind::kError, 0, "OOM", {}}).error_word(), "OOM");
  EXPECT_EQ((Reply{Reply::Kind::kText, 0, "OOM", {}}).error_word(), "");
}

TEST(Command, IsWrittenAsRedisReadsIt) {
  EXPECT_EQ((Command{"SET", "k", std::string_view("a\0b", 3)}).bytes(),
            std::string("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$3\r\na\0b\r\n", 29));
  EXPECT_EQ(Command({"PING", ""}).bytes(), "*2\r\n$4\r\nPING\r\n$0\r\n\r\n");
}

TEST(Command, OfAScriptCanBeSentWithItsText) {
  const Script script("return ARGV[1]");
  EXPECT_EQ(script.digest(), "098e0f0d1448c0a81dafe820f66d460eb09263da");
  const std::string_view keys[] = {"k"}, arguments[] = {"EVALSHA"};
  const Command command = Command::run(script, keys, arguments);
  EXPECT_EQ(command.bytes(), "*5\r\n$7\r\nEVALSHA\r\n$40\r\n" + script.digest() +
                                 "\r\n$1\r\n1\r\n$1\r\nk\r\n$7\r\nEVALSHA\r\n");
  EXPECT_EQ(command.with_text(), "*5\r\n$4\r\nEVAL\r\n$14\r\nreturn ARGV[1]\r\n$1\r\n1\r\n$1\r\nk\r\n$7\r\nEVALSHA\r\n");
}

}  // namespace
}  // namespace proxy::redis
