// What the losses of rows add up to.
#ifndef PUMASI_OPS_LOSS_SUM_H_
#define PUMASI_OPS_LOSS_SUM_H_

#include <cmath>

namespace pumasi {

struct LossSum {
  double loss = 0;
  // The first row whose loss is NaN or infinite; -1: none.
  int first_not_finite = -1;

  void Add(int row, double row_loss) {
    if (!std::isfinite(row_loss) && first_not_finite < 0) first_not_finite = row;
    loss += row_loss;
  }
};

}  // namespace pumasi

#endif  // PUMASI_OPS_LOSS_SUM_H_
