// One program of all stages: claimgate_micro --benchmark_filter=Read
#include <benchmark/benchmark.h>
#include <simdjson.h>

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
#ifndef NDEBUG
  benchmark::AddCustomContext("warning", "a debug build: its figures mean nothing");
#endif
  benchmark::AddCustomContext("simdjson", simdjson::get_active_implementation()->name());
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
}
