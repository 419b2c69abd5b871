// Carries tests/precompiled.h, which CMake puts before every test.
