#include "tools/plan/turns.h"

#include <time.h>

#include <algorithm>
#include <barrier>
#include <numeric>
#include <thread>

#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace pumasi {
namespace {

constexpr size_t kLeastTurns = 2;
// Where other work takes the cores: so many times its budget a thread waits for its share of them.
constexpr double kLongest = 8;

}  // namespace

double ThreadSeconds() {
  timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return absl::ToDoubleSeconds(absl::DurationFromTimespec(now));
}

double QuartileOf(std::vector<double> values) {
  const auto quartile = values.begin() + static_cast<ptrdiff_t>(values.size() / 4);
  std::nth_element(values.begin(), quartile, values.end());
  return *quartile;
}

double SecondsATurn(int threads, double budget, const std::function<Turn()>& make) {
  std::vector<double> quartiles(static_cast<size_t>(threads));
  std::barrier ready(threads);
  const auto run = [&](double* quartile) {
    const Turn turn = make();
    turn();
    ready.arrive_and_wait();
    const absl::Time late = absl::Now() + kLongest * absl::Seconds(budget);
    const double begin = ThreadSeconds();
    std::vector<double> seconds;
    for (double now = begin; seconds.size() < kLeastTurns || (now - begin < budget && absl::Now() < late);) {
      const double before = now;
      turn();
      now = ThreadSeconds();
      seconds.push_back(now - before);
    }
    *quartile = QuartileOf(std::move(seconds));
  };
  {
    std::vector<std::jthread> others;
    for (int i = 1; i < threads; ++i) others.emplace_back(run, &quartiles[static_cast<size_t>(i)]);
    run(&quartiles[0]);
  }
  return std::accumulate(quartiles.begin(), quartiles.end(), 0.0) / threads;
}

double BusyFactor(int threads, double budget, const std::function<Turn()>& make) {
  if (threads < 2) return 1;
  const double alone = SecondsATurn(1, budget, make);
  return alone > 0 ? std::max(1.0, SecondsATurn(threads, budget, make) / alone) : 1;
}

}  // namespace pumasi
