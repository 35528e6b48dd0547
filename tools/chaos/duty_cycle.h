// When a process that shall have a share of the time runs, and when it is stopped.
#ifndef PUMASI_TOOLS_CHAOS_DUTY_CYCLE_H_
#define PUMASI_TOOLS_CHAOS_DUTY_CYCLE_H_

namespace pumasi {

// It runs for 5 ms at a time. Whoever stops it may be late; the pause that follows is as long as what it really had
// asks for, so that the share is right in the end. Seconds since any moment, which grow.
class DutyCycle {
 public:
  // `share` is above 0 and at most 1. Runs from `now` on.
  DutyCycle(double share, double now);

  // What holds from `now` on. To be called at next(), or later.
  bool Runs(double now);
  double next() const { return next_; }
  // How much of the time it has run so far, up to the last call.
  double share() const { return last_ > began_ ? ran_ / (last_ - began_) : 1; }

 private:
  const double share_, began_;
  double last_, next_;
  double ran_ = 0;
  bool runs_ = true;
};

}  // namespace pumasi

#endif  // PUMASI_TOOLS_CHAOS_DUTY_CYCLE_H_
