// The LSTM layer as its formulas read (ops/lstm_cell.h), one number after another, in any floating-point type: what
// ops/lstm.h is held against.
#ifndef PUMASI_OPS_LSTM_REFERENCE_H_
#define PUMASI_OPS_LSTM_REFERENCE_H_

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace pumasi::reference {

// Shapes as in ops/lstm.h; for gradients, too.
template <typename T>
struct LstmTensors {
  std::vector<T> kernel;
  std::vector<T> recurrent;
  std::vector<T> bias;
  std::vector<T> vectors;
};

// Each row's indices into the vectors.
using Rows = std::vector<std::vector<uint32_t>>;

template <typename T>
struct LstmStep {
  std::vector<T> i, f, g, o, c, h;
};

template <typename T>
class Lstm {
 public:
  Lstm(size_t width, size_t units) : width_(width), units_(units) {}

  // The last state of each row: [rows × units].
  std::vector<T> Forward(const Rows& rows, const LstmTensors<T>& tensors) {
    std::vector<T> last(rows.size() * units_, T(0));
    walks_.assign(rows.size(), {});
    for (size_t row = 0; row < rows.size(); ++row) {
      for (size_t t = 0; t < rows[row].size(); ++t) walks_[row].push_back(Step(row, t, rows[row][t], tensors));
      for (size_t u = 0; u < units_ && !rows[row].empty(); ++u) last[row * units_ + u] = walks_[row].back().h[u];
    }
    return last;
  }

  // From the gradient by the last states, after Forward with the same arguments.
  LstmTensors<T> Backward(const Rows& rows, const LstmTensors<T>& tensors, const std::vector<T>& last_gradient) const {
    LstmTensors<T> out = {std::vector<T>(tensors.kernel.size()), std::vector<T>(tensors.recurrent.size()),
                          std::vector<T>(tensors.bias.size()), std::vector<T>(tensors.vectors.size())};
    for (size_t row = 0; row < rows.size(); ++row) {
      std::vector<T> dh(last_gradient.begin() + row * units_, last_gradient.begin() + (row + 1) * units_);
      std::vector<T> dc(units_, T(0));
      for (size_t t = rows[row].size(); t-- > 0;) StepBack(row, t, rows[row][t], tensors, &dh, &dc, &out);
    }
    return out;
  }

 private:
  static T Sigmoid(T x) { return T(1) / (T(1) + std::exp(-x)); }
  T HiddenBefore(size_t row, size_t t, size_t u) const { return t == 0 ? T(0) : walks_[row][t - 1].h[u]; }
  T CellBefore(size_t row, size_t t, size_t u) const { return t == 0 ? T(0) : walks_[row][t - 1].c[u]; }

  LstmStep<T> Step(size_t row, size_t t, uint32_t token, const LstmTensors<T>& w) const {
    const size_t gates = 4 * units_;
    std::vector<T> z(gates);
    for (size_t j = 0; j < gates; ++j) {
      z[j] = w.bias[j];
      for (size_t d = 0; d < width_; ++d) z[j] += w.vectors[token * width_ + d] * w.kernel[d * gates + j];
      for (size_t u = 0; u < units_; ++u) z[j] += HiddenBefore(row, t, u) * w.recurrent[u * gates + j];
    }
    LstmStep<T> step;
    for (size_t u = 0; u < units_; ++u) {
      step.i.push_back(Sigmoid(z[u]));
      step.f.push_back(Sigmoid(z[units_ + u]));
      step.g.push_back(std::tanh(z[2 * units_ + u]));
      step.o.push_back(Sigmoid(z[3 * units_ + u]));
      step.c.push_back(step.f[u] * CellBefore(row, t, u) + step.i[u] * step.g[u]);
      step.h.push_back(step.o[u] * std::tanh(step.c[u]));
    }
    return step;
  }

  // Takes the gradients by this step's h and c to those by the step before, and adds to the tensors' gradients.
  void StepBack(size_t row, size_t t, uint32_t token, const LstmTensors<T>& w, std::vector<T>* dh, std::vector<T>* dc,
                LstmTensors<T>* out) const {
    const size_t gates = 4 * units_;
    const LstmStep<T>& step = walks_[row][t];
    std::vector<T> dz(gates);
    for (size_t u = 0; u < units_; ++u) {
      const T tanh_c = std::tanh(step.c[u]);
      const T d = (*dc)[u] + (*dh)[u] * step.o[u] * (1 - tanh_c * tanh_c);
      dz[u] = d * step.g[u] * step.i[u] * (1 - step.i[u]);
      dz[units_ + u] = d * CellBefore(row, t, u) * step.f[u] * (1 - step.f[u]);
      dz[2 * units_ + u] = d * step.i[u] * (1 - step.g[u] * step.g[u]);
      dz[3 * units_ + u] = (*dh)[u] * tanh_c * step.o[u] * (1 - step.o[u]);
      (*dc)[u] = d * step.f[u];
    }
    dh->assign(units_, T(0));
    for (size_t j = 0; j < gates; ++j) {
      out->bias[j] += dz[j];
      for (size_t d = 0; d < width_; ++d) {
        out->kernel[d * gates + j] += w.vectors[token * width_ + d] * dz[j];
        out->vectors[token * width_ + d] += w.kernel[d * gates + j] * dz[j];
      }
      for (size_t u = 0; u < units_; ++u) {
        out->recurrent[u * gates + j] += HiddenBefore(row, t, u) * dz[j];
        (*dh)[u] += w.recurrent[u * gates + j] * dz[j];
      }
    }
  }

  const size_t width_;
  const size_t units_;
  // walks_[row][t]
  std::vector<std::vector<LstmStep<T>>> walks_;
};

}  // namespace pumasi::reference

#endif  // PUMASI_OPS_LSTM_REFERENCE_H_
