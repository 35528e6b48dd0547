#include "tools/chaos/duty_cycle.h"

#include <algorithm>

namespace pumasi {
namespace {

constexpr double kSlice = 0.005;  // seconds: of the order of what the kernel gives a process at a time

}  // namespace

DutyCycle::DutyCycle(double share, double now) : share_(share), began_(now), last_(now), next_(now + kSlice) {}

bool DutyCycle::Runs(double now) {
  if (runs_) ran_ += now - last_;
  last_ = now;
  if (now < next_) return runs_;
  // So long after the beginning it has had what it may have.
  const double even = began_ + ran_ / share_;
  runs_ = even <= now;
  next_ = runs_ ? now + kSlice : even;
  return runs_;
}

}  // namespace pumasi
