# Finds libphonenumber as `phonenumber::phonenumber`: Debian 12 ships no CMake package for it. Its
# headers show those of protobuf, whose runtime they link.
find_path(PHONENUMBER_INCLUDE_DIR phonenumbers/phonenumberutil.h)
find_library(PHONENUMBER_LIBRARY phonenumber)
find_library(PROTOBUF_LIBRARY protobuf)
find_path(PROTOBUF_INCLUDE_DIR google/protobuf/message.h)
if(NOT PHONENUMBER_INCLUDE_DIR OR NOT PHONENUMBER_LIBRARY)
  message(FATAL_ERROR "libphonenumber not found. Debian: apt install libphonenumber-dev "
                      "(or tools/install, which installs everything)")
endif()
if(NOT PROTOBUF_INCLUDE_DIR OR NOT PROTOBUF_LIBRARY)
  message(FATAL_ERROR "protobuf, which libphonenumber needs, not found. Debian: apt install "
                      "libprotobuf-dev (or tools/install, which installs everything)")
endif()
if(NOT TARGET phonenumber::phonenumber)
  add_library(phonenumber::phonenumber UNKNOWN IMPORTED GLOBAL)
  set_target_properties(phonenumber::phonenumber PROPERTIES
    IMPORTED_LOCATION ${PHONENUMBER_LIBRARY}
    INTERFACE_INCLUDE_DIRECTORIES "${PHONENUMBER_INCLUDE_DIR};${PROTOBUF_INCLUDE_DIR}"
    INTERFACE_LINK_LIBRARIES ${PROTOBUF_LIBRARY})
endif()
set(Phonenumber_FOUND TRUE)
