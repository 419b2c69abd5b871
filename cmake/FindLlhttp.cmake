# Finds llhttp as `llhttp::llhttp`.
#
# Debian 13 has it as a library (libllhttp-dev). Debian 12 ships only its C sources, in node-llhttp
# under /usr/share/llhttp: those are compiled here, in strict mode, with SSE4.2 from Flags.cmake.
find_path(LLHTTP_INCLUDE_DIR llhttp.h PATH_SUFFIXES llhttp HINTS /usr/include /usr/share/include)
find_library(LLHTTP_LIBRARY llhttp)
set(LLHTTP_SOURCE_DIR /usr/share/llhttp CACHE PATH "The C sources of llhttp (Debian 12: node-llhttp)")

if(LLHTTP_INCLUDE_DIR AND LLHTTP_LIBRARY)
  add_library(llhttp UNKNOWN IMPORTED GLOBAL)
  set_target_properties(llhttp PROPERTIES IMPORTED_LOCATION ${LLHTTP_LIBRARY}
                        INTERFACE_INCLUDE_DIRECTORIES ${LLHTTP_INCLUDE_DIR})
elseif(LLHTTP_INCLUDE_DIR AND EXISTS ${LLHTTP_SOURCE_DIR}/llhttp.c)
  add_library(llhttp STATIC ${LLHTTP_SOURCE_DIR}/api.c ${LLHTTP_SOURCE_DIR}/http.c
              ${LLHTTP_SOURCE_DIR}/llhttp.c)
  target_include_directories(llhttp SYSTEM PUBLIC ${LLHTTP_INCLUDE_DIR})
  target_compile_definitions(llhttp PUBLIC LLHTTP_STRICT_MODE=1)
else()
  message(FATAL_ERROR "llhttp not found. Debian 13: apt install libllhttp-dev; "
                      "Debian 12: apt install node-llhttp")
endif()
add_library(llhttp::llhttp ALIAS llhttp)
set(Llhttp_FOUND TRUE)
