# The flags of our own targets. `claimgate_flags` is linked by each of them; nothing is global but
# link-time optimisation and the sanitizers, which must agree over the whole program.
include(CheckIPOSupported)

add_library(claimgate_flags INTERFACE)
target_include_directories(claimgate_flags INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_options(claimgate_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion
  $<$<NOT:$<BOOL:$<TARGET_PROPERTY:CLAIMGATE_HIDES_NAMES>>>:-Wshadow>
  $<$<CONFIG:Debug>:-Werror>
  -fstack-protector-strong
  -fno-omit-frame-pointer)
target_link_options(claimgate_flags INTERFACE -pie -Wl,-z,relro,-z,now,-z,noexecstack,-z,separate-code -Wl,--as-needed)

# What makes a memory error harder to use, in the build that is shipped; tests/e2e/binary.test.mjs looks for it in
# the program. The guard of instructions (benchmarks/instructions) says what they cost.
set(claimgate_hardening -fstack-clash-protection)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  list(APPEND claimgate_hardening -fcf-protection=full)
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "aarch64")
  list(APPEND claimgate_hardening -mbranch-protection=standard)
endif()
target_compile_options(claimgate_flags INTERFACE "$<$<CONFIG:Release>:${claimgate_hardening}>")

# The parsers scan 16 bytes at a time and llhttp wants SSE4.2 (docs/performance.md): x86-64-v2 is
# every x86 server since 2009, so the release build stays portable.
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  add_compile_options(-march=x86-64-v2)
endif()

if(CMAKE_BUILD_TYPE STREQUAL "Release")
  string(REPLACE "-O2" "-O3" CMAKE_CXX_FLAGS_RELEASE "${CMAKE_CXX_FLAGS_RELEASE}")
  check_ipo_supported(RESULT claimgate_ipo OUTPUT claimgate_ipo_reason LANGUAGES C CXX)
  if(claimgate_ipo)
    set(CMAKE_INTERPROCEDURAL_OPTIMIZATION ON)
  else()
    message(WARNING "link-time optimisation is off: ${claimgate_ipo_reason}")
  endif()
  target_compile_definitions(claimgate_flags INTERFACE _FORTIFY_SOURCE=3)
  # GCC stops inlining when the whole program has grown by 40%: loading lists and configurations
  # would use that up and leave calls of string_view's members on the request path (13% of its
  # instructions).
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    add_compile_options(--param=inline-unit-growth=200 --param=large-function-growth=400)
    add_link_options(--param=inline-unit-growth=200 --param=large-function-growth=400)
  endif()
endif()

if(CLAIMGATE_FUZZ)
  # Coverage of the libraries too, or the fuzzer sees only its own few lines.
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
if(CLAIMGATE_SANITIZE)
  add_compile_options(-fsanitize=${CLAIMGATE_SANITIZE} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${CLAIMGATE_SANITIZE})
endif()

# For programs that librdkafka is in: its threads in a form that ThreadSanitizer knows.
if(CLAIMGATE_SANITIZE STREQUAL "thread")
  add_library(claimgate_c11_threads OBJECT ${CMAKE_SOURCE_DIR}/cmake/c11_threads.c)
endif()
function(claimgate_link_threads target)
  if(TARGET claimgate_c11_threads)
    target_link_libraries(${target} PRIVATE claimgate_c11_threads)
  endif()
endfunction()

# Under the sanitizers code that no request waits for is compiled without optimisation, which is a third to a seventh of
# the time. A suite that is slow for it belongs among the others.
function(claimgate_cold target)
  if(CLAIMGATE_SANITIZE)
    target_compile_options(${target} PRIVATE -O0)
    # The precompiled header of others fits only with their flags.
    set_target_properties(${target} PROPERTIES DISABLE_PRECOMPILE_HEADERS ON)
  endif()
endfunction()

# Each folder of `target`'s sources is compiled as one file where CLAIMGATE_UNITY is on: headers are read and templates made
# once for all of it, which is less than half of the work when everything is built. Local names of a folder have
# to differ for that.
function(claimgate_unity target)
  get_target_property(sources ${target} SOURCES)
  foreach(source IN LISTS sources)
    cmake_path(GET source PARENT_PATH folder)
    cmake_path(GET folder FILENAME group)
    set_source_files_properties(${source} PROPERTIES UNITY_GROUP ${group})
  endforeach()
  set_target_properties(${target} PROPERTIES UNITY_BUILD ${CLAIMGATE_UNITY} UNITY_BUILD_MODE GROUP)
endfunction()
