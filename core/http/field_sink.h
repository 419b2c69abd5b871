#pragma once

#include <llhttp.h>

#include <cstddef>

#include "core/http/message.h"

// How both readers have llhttp split the fields of a head. For request_reader.cc and response_reader.cc.
namespace core::http {

/// Where llhttp's callbacks put fields: into the room from `next` to `end`, which are the lines that were
/// counted. llhttp_t::data points to it while a head is split; the spans point into what was given.
struct FieldSink {
  Header* next;
  Header* end;
  bool complete = false;

  /// More names than lines are an error.
  static int on_field(llhttp_t* parser, const char* at, std::size_t size) noexcept {
    FieldSink& sink = *static_cast<FieldSink*>(parser->data);
    if (sink.next == sink.end) return HPE_USER;
    sink.next->name = {at, size};
    sink.next->value = {at + size + 1, 0};
    ++sink.next;
    return 0;
  }
  static int on_value(llhttp_t* parser, const char* at, std::size_t size) noexcept {
    FieldSink& sink = *static_cast<FieldSink*>(parser->data);
    if (size != 0) sink.next[-1].value = {at, size};  // an empty span lies on the next line
    return 0;
  }
  static int on_headers_complete(llhttp_t* parser) noexcept {
    static_cast<FieldSink*>(parser->data)->complete = true;
    return HPE_PAUSED;
  }

  static constexpr llhttp_settings_t settings() noexcept {
    llhttp_settings_t settings{};
    settings.on_header_field = on_field;
    settings.on_header_value = on_value;
    settings.on_headers_complete = on_headers_complete;
    return settings;
  }
};

}  // namespace core::http
