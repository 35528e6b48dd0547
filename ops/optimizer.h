// How a gradient changes parameters. Runs on the servers, row by row; a dense tensor's row is treated like any other.
#ifndef PUMASI_OPS_OPTIMIZER_H_
#define PUMASI_OPS_OPTIMIZER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "ops/rate_schedule.h"
#include "proto/job.pb.h"

namespace pumasi {

// The state of a row is `width` values followed by slots()·width floats of the optimizer's own, all in the caller's
// memory: first slot 0 of all values, then slot 1. Slots start as InitSlots leaves them. Steps count from 1; a state is
// "after step s", that of a new row is after step 0.
//
// A row that a step does not touch has a zero gradient in that step, which in most optimizers moves the row all the
// same, in some (AdamW) even before its first touch. The owner may leave that out and make up for it later by CatchUp,
// so that a step costs what it touches.
//
// All calls are deterministic functions of their arguments with the same bits on every x86-64, and thread-safe for
// different rows. Values that are not finite spread, and never trap.
class Optimizer {
 public:
  virtual ~Optimizer() = default;

  // Floats kept beside each value, and their names in a checkpoint.
  virtual int slots() const = 0;
  virtual std::vector<std::string> slot_names() const = 0;

  // Writes the slots of a new row, slots()·width floats.
  virtual void InitSlots(int width, float* slots) const;

  // Takes value[width] and its slots from after step `last` to after step `step`, the gradients between being zero.
  // REQUIRES: step >= last.
  void CatchUp(uint64_t last, uint64_t step, int width, float* value, float* slots) const {
    if (step == last) return;
    Peek(last, step, width, value, slots, value);
    MoveSlots(last, step, width, slots);
  }
  // The part of CatchUp that changes the slots: all that is left of it where the value is known from a Peek.
  virtual void MoveSlots(uint64_t last, uint64_t step, int width, float* slots) const = 0;
  // Peek leaves values as they are, always: there is nothing to be saved by remembering what it gave.
  virtual bool still() const { return false; }

  // Applies gradient[width] as step `step`. REQUIRES: step >= 1 and the row is after step - 1.
  virtual void Apply(uint64_t step, int width, const float* gradient, float* value, float* slots) const = 0;

  // out[width] = the bits that CatchUp would leave in `value`. `out` may be `value`.
  virtual void Peek(uint64_t last, uint64_t step, int width, const float* value, const float* slots,
                    float* out) const = 0;
};

// The job's optimizer, with the changes of its rate so far; clipping by norm is not in it (ops/norm_clip.h). A setting
// that is missing (the loader fills in defaults) or impossible is refused by name. `steps`: how its steps, which count
// from 1, relate to its schedule's.
absl::StatusOr<std::unique_ptr<Optimizer>> MakeOptimizer(const v1::Optimizer& proto, const RateChanges& changes = {},
                                                         ScheduleSteps steps = {});

}  // namespace pumasi

#endif  // PUMASI_OPS_OPTIMIZER_H_
