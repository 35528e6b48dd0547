// Error feedback (Seide et al., 2014) where gradients of dense tensors travel in a coding that loses something
// (ops/wire/dense_coding.h): what a push lacks, its worker adds to its next one, so that in the long run all of every
// gradient arrives.
//
// Whose it is. What was lost, the residual, is the worker's, one for each tensor, whatever parts it computed. It can't
// be a part's: parts go to whoever asks for work, and a residual would have to follow them in float32, 32 times what
// the coding takes. So what is pushed for a unit depends on what its worker pushed before; with a coding a job does not
// promise the same bits, only that everything counts once:
//
// Once. A unit's gradient is quantised when it was computed, and not again: pushes that are repeated bring the same
// bytes. Whether it counts, each slot decides (docs/protocol.md): a server that had the unit from another worker, who
// computed it, too, drops what comes. For such chunks the unit is taken back here, as if it had never been computed;
// likewise for what was never pushed. A residual dies with its worker, and when the job goes back to a checkpoint, as
// what it was lost from is computed again then.
#ifndef PUMASI_WORKER_EXCHANGE_ERROR_FEEDBACK_H_
#define PUMASI_WORKER_EXCHANGE_ERROR_FEEDBACK_H_

#include <cstdint>
#include <map>
#include <vector>

#include "absl/status/status.h"
#include "ops/tree/gradient.h"
#include "ops/wire/dense_coding.h"
#include "proto/parameter_server.pb.h"
#include "proto/table.pb.h"
#include "worker/exchange/router.h"

namespace pumasi {

// Of one worker and job. With a coding that is not on() it does nothing. Not thread-safe.
class ErrorFeedback {
 public:
  ErrorFeedback(const DenseCoding& coding, std::vector<v1::TableSpec> tables);

  // The unit was computed: its gradient becomes what is pushed, with what earlier ones lack; what it lacks itself is
  // kept. `generation`: of its lease; another one than before forgets all. REQUIRES: End has been called for an
  // earlier unit of this number.
  void Quantise(uint64_t unit, uint64_t generation, Gradient* gradient);

  // The unit's gradient is pushed to a server of the router's layout, and how that ended, `outcome` if status is Ok;
  // both may come several times, and answers may be missing.
  void Sent(uint64_t unit, const Router& router, uint32_t server);
  void Answered(uint64_t unit, const Router& router, uint32_t server, const absl::Status& status,
                v1::PushResponse::Outcome outcome);

  // Nothing more is pushed of the unit: what did not count is taken back. An unknown unit is fine.
  void End(uint64_t unit);

  // What pushes lack, by table; empty for tables whose gradients are not coded.
  const std::vector<std::vector<float>>& residuals() const { return residuals_; }
  // That have not ended.
  size_t units() const { return units_.size(); }

 private:
  struct Chunk {
    bool counts = false;   // the primary has it from us
    uint32_t unknown = 0;  // calls to it of which we do not know whether they did something
  };
  struct Unit {
    std::vector<std::vector<float>> added;   // to the residuals, by table
    std::vector<std::vector<Chunk>> chunks;  // by table
  };
  // The chunks of the unit that the server is the primary of.
  template <typename Change>
  void ForChunks(uint64_t unit, const Router& router, uint32_t server, Change change);

  const DenseCoding coding_;
  const std::vector<v1::TableSpec> tables_;
  uint64_t generation_ = 0;
  std::vector<std::vector<float>> residuals_;
  std::map<uint64_t, Unit> units_;
};

}  // namespace pumasi

#endif  // PUMASI_WORKER_EXCHANGE_ERROR_FEEDBACK_H_
