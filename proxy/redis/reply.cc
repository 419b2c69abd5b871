// The reader's own objects are replaced by ours (redisReplyObjectFunctions), which leaves hiredis the
// bytes and us the memory. Its types differ between 0.14 (Debian 12) and 1.x (Debian 13): arrays are
// counted in int or size_t, and 1.x knows the kinds of RESP3, which nobody asked the server for.
#include "proxy/redis/reply.h"

#include <hiredis/hiredis.h>

#include <new>

namespace proxy::redis {
namespace {

/// Where the value of `task` goes: a new object, or the next place of the array around it.
Reply* place_for(const redisReadTask* task) {
  if (task->parent == nullptr) return new Reply;
  auto& items = static_cast<Reply*>(task->parent->obj)->items;
  const auto index = static_cast<std::size_t>(task->idx);
  if (items.size() <= index) items.resize(index + 1);
  return &items[index];
}

/// Runs `make`; null, which hiredis takes for a want of memory, when it throws.
template <typename Make>
void* made(Make make) noexcept {
  try {
    return make();
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}

void* make_text(const redisReadTask* task, char* bytes, std::size_t size) noexcept {
  return made([&]() -> void* {
    Reply* const reply = place_for(task);
    reply->kind = task->type == REDIS_REPLY_ERROR ? Reply::Kind::kError : Reply::Kind::kText;
    try {
      reply->text.assign(bytes, size);
    } catch (const std::bad_alloc&) {
      if (task->parent == nullptr) delete reply;
      throw;
    }
    return reply;
  });
}

void* make_integer(const redisReadTask* task, long long number) noexcept {
  return made([&]() -> void* {
    Reply* const reply = place_for(task);
    reply->kind = Reply::Kind::kInteger;
    reply->integer = number;
    return reply;
  });
}

void* make_nil(const redisReadTask* task) noexcept {
  return made([&]() -> void* { return place_for(task); });
}

/// A pointer that hiredis 1.x makes up for a kind that we make nothing for: its number.
bool made_up(const void* object) noexcept { return reinterpret_cast<std::uintptr_t>(object) < 64; }

void free_reply(void* object) noexcept {
  if (!made_up(object)) delete static_cast<Reply*>(object);
}

redisReplyObjectFunctions functions() noexcept {
  redisReplyObjectFunctions made_by{};
  made_by.createString = make_text;
  made_by.createArray = [](const redisReadTask* task, auto items) -> void* {
    if (static_cast<std::size_t>(items) > ReplyReader::kItemsMax) return nullptr;
    return made([&]() -> void* {
      Reply* const reply = place_for(task);
      reply->kind = Reply::Kind::kArray;
      return reply;
    });
  };
  made_by.createInteger = make_integer;
  made_by.createNil = make_nil;
  made_by.freeObject = free_reply;
  return made_by;
}

}  // namespace

std::string_view Reply::error_word() const noexcept {
  if (kind != Kind::kError) return {};
  return std::string_view(text).substr(0, text.find(' '));
}

struct ReplyReader::Inside {
  redisReplyObjectFunctions made_by = functions();
  redisReader* reader = redisReaderCreateWithFunctions(&made_by);
};

ReplyReader::ReplyReader(std::size_t bytes_max)
    : inside_(std::make_unique<Inside>()), bytes_max_(bytes_max) {
  if (inside_->reader == nullptr) throw std::bad_alloc();
}

ReplyReader::~ReplyReader() { redisReaderFree(inside_->reader); }

bool ReplyReader::feed(std::string_view bytes) noexcept {
  unanswered_ += bytes.size();
  return redisReaderFeed(inside_->reader, bytes.data(), bytes.size()) == REDIS_OK;
}

ReplyReader::Step ReplyReader::next(Reply& reply) noexcept {
  void* object = nullptr;
  if (redisReaderGetReply(inside_->reader, &object) != REDIS_OK) return Step::kFault;
  const std::size_t left = inside_->reader->len - inside_->reader->pos;
  if (object == nullptr) return unanswered_ > bytes_max_ ? Step::kFault : Step::kMore;
  unanswered_ = left;
  if (made_up(object)) return Step::kFault;
  const std::unique_ptr<Reply> owned(static_cast<Reply*>(object));
  reply = std::move(*owned);
  return Step::kReply;
}

}  // namespace proxy::redis
