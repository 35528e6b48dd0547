// Adam that leaves alone the rows that a step does not touch: moments neither decay nor move the row until its next
// gradient. The bias correction counts all steps of the job. Dense tensors see plain Adam.
#ifndef PUMASI_OPS_LAZY_ADAM_H_
#define PUMASI_OPS_LAZY_ADAM_H_

#include "ops/adam.h"
#include "ops/still_rows.h"

namespace pumasi {

using LazyAdam = StillRowsOf<Adam>;

}  // namespace pumasi

#endif  // PUMASI_OPS_LAZY_ADAM_H_
