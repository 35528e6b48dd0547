// How long a piece of work takes, alone and beside others of its kind.
#ifndef PUMASI_TOOLS_PLAN_TURNS_H_
#define PUMASI_TOOLS_PLAN_TURNS_H_

#include <functional>
#include <vector>

namespace pumasi {

// One turn of the work. Called in one thread only, the one that made it.
using Turn = std::function<void()>;

// Processor seconds of one turn where `threads` threads do it at the same time, each with what `make` made in it: the
// lower quartile of a thread's turns, the mean over the threads. Each has one turn that does not count; then all begin
// together and take turns for `budget` seconds of processor time, and two at least. `make` has to be thread-safe.
// REQUIRES: threads > 0.
double SecondsATurn(int threads, double budget, const std::function<Turn()>& make);

// So many times as long a turn takes where `threads` threads take theirs at once, and not below 1. One thread: 1, and
// nothing is measured.
double BusyFactor(int threads, double budget, const std::function<Turn()>& make);

// Processor time of this thread so far.
double ThreadSeconds();
// A quarter of them are below it. REQUIRES: not empty.
double QuartileOf(std::vector<double> values);

}  // namespace pumasi

#endif  // PUMASI_TOOLS_PLAN_TURNS_H_
