#include "tools/bench/onednn_lstm.h"

#include <cstring>
#include <memory>
#include <oneapi/dnnl/dnnl.hpp>
#include <unordered_map>

namespace pumasi {
namespace {

using namespace dnnl;
using tag = memory::format_tag;
using type = memory::data_type;
using Arguments = std::unordered_map<int, memory>;

struct Step {
  stream queue;
  lstm_forward forward;
  lstm_backward backward;
  Arguments in, out;
};

memory Filled(const memory::desc& desc, const engine& cpu) {
  memory filled(desc, cpu);
  if (desc.data_type() == type::f32) {
    auto* values = static_cast<float*>(filled.get_data_handle());
    for (size_t i = 0; i < desc.get_size() / sizeof(float); ++i)
      values[i] = 0.0002f * float(int((i * 7919) % 101) - 50);
  } else {
    std::memset(filled.get_data_handle(), 0, desc.get_size());
  }
  return filled;
}

std::function<void()> MakeStep(type compute, int rows, int steps, int width, int units) {
  engine cpu(engine::kind::cpu, 0);
  const auto desc = [](memory::dims dims, type t, tag layout) { return memory::desc(dims, t, layout); };
  const auto x = desc({steps, rows, width}, compute, tag::tnc), y = desc({steps, rows, units}, compute, tag::tnc);
  const auto h = desc({1, 1, rows, units}, compute, tag::ldnc), c = desc({1, 1, rows, units}, type::f32, tag::ldnc);
  const auto w = desc({1, 1, width, 4, units}, compute, tag::any), u = desc({1, 1, units, 4, units}, compute, tag::any);
  const auto b = desc({1, 1, 4, units}, type::f32, tag::ldgo);
  const auto dx = desc({steps, rows, width}, type::f32, tag::tnc), dy = desc({steps, rows, units}, type::f32, tag::tnc);
  const auto dw = desc({1, 1, width, 4, units}, type::f32, tag::any);
  const auto du = desc({1, 1, units, 4, units}, type::f32, tag::any);
  const auto way = rnn_direction::unidirectional_left2right;
  const lstm_forward::primitive_desc forward({prop_kind::forward_training, way, x, h, c, w, u, b, y, h, c}, cpu);
  const lstm_backward::primitive_desc backward(
      {prop_kind::backward, way, x, h, c, w, u, b, y, h, c, dx, c, c, dw, du, b, dy, c, c}, cpu, forward);
  auto step = std::make_shared<Step>(Step{stream(cpu), lstm_forward(forward), lstm_backward(backward), {}, {}});
  step->in = {{DNNL_ARG_SRC_LAYER, Filled(x, cpu)},
              {DNNL_ARG_SRC_ITER, Filled(h, cpu)},
              {DNNL_ARG_SRC_ITER_C, Filled(c, cpu)},
              {DNNL_ARG_BIAS, Filled(b, cpu)},
              {DNNL_ARG_DST_LAYER, Filled(y, cpu)},
              {DNNL_ARG_DST_ITER, Filled(h, cpu)},
              {DNNL_ARG_DST_ITER_C, Filled(c, cpu)},
              {DNNL_ARG_WORKSPACE, Filled(forward.workspace_desc(), cpu)},
              {DNNL_ARG_WEIGHTS_LAYER, Filled(forward.weights_layer_desc(), cpu)},
              {DNNL_ARG_WEIGHTS_ITER, Filled(forward.weights_iter_desc(), cpu)}};
  step->out = step->in;
  step->out[DNNL_ARG_WEIGHTS_LAYER] = Filled(backward.weights_layer_desc(), cpu);
  step->out[DNNL_ARG_WEIGHTS_ITER] = Filled(backward.weights_iter_desc(), cpu);
  step->out[DNNL_ARG_DIFF_SRC_LAYER] = Filled(dx, cpu);
  step->out[DNNL_ARG_DIFF_DST_LAYER] = Filled(dy, cpu);
  step->out[DNNL_ARG_DIFF_WEIGHTS_LAYER] = Filled(backward.diff_weights_layer_desc(), cpu);
  step->out[DNNL_ARG_DIFF_WEIGHTS_ITER] = Filled(backward.diff_weights_iter_desc(), cpu);
  step->out[DNNL_ARG_DIFF_BIAS] = Filled(b, cpu);
  for (const int argument :
       {DNNL_ARG_DIFF_SRC_ITER, DNNL_ARG_DIFF_SRC_ITER_C, DNNL_ARG_DIFF_DST_ITER, DNNL_ARG_DIFF_DST_ITER_C}) {
    step->out[argument] = Filled(c, cpu);
  }
  return [step] {
    step->forward.execute(step->queue, step->in);
    step->backward.execute(step->queue, step->out);
    step->queue.wait();
  };
}

}  // namespace

std::function<void()> OneDnnLstmStep(Precision precision, int rows, int steps, int width, int units) {
  try {
    return MakeStep(precision == Precision::kBf16 ? type::bf16 : type::f32, rows, steps, width, units);
  } catch (const dnnl::error& error) {
    if (error.status == dnnl_unimplemented) return nullptr;
    throw;
  }
}

}  // namespace pumasi
