#include "tools/bench/onednn_lstm.h"

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
  auto* values = static_cast<float*>(filled.get_data_handle());
  for (size_t i = 0; i < desc.get_size() / sizeof(float); ++i) values[i] = 0.0002f * float(int((i * 7919) % 101) - 50);
  return filled;
}

}  // namespace

std::function<void()> OneDnnLstmStep(int rows, int steps, int width, int units) {
  engine cpu(engine::kind::cpu, 0);
  const auto desc = [](memory::dims dims, tag layout) { return memory::desc(dims, type::f32, layout); };
  const auto x = desc({steps, rows, width}, tag::tnc), y = desc({steps, rows, units}, tag::tnc);
  const auto state = desc({1, 1, rows, units}, tag::ldnc);
  const auto w = desc({1, 1, width, 4, units}, tag::any), u = desc({1, 1, units, 4, units}, tag::any);
  const auto b = desc({1, 1, 4, units}, tag::ldgo);
  const auto way = rnn_direction::unidirectional_left2right;
  const lstm_forward::primitive_desc forward(
      {prop_kind::forward_training, way, x, state, state, w, u, b, y, state, state}, cpu);
  const lstm_backward::primitive_desc backward(
      {prop_kind::backward, way, x, state, state, w, u, b, y, state, state, x, state, state, w, u, b, y, state, state},
      cpu, forward);
  auto step = std::make_shared<Step>(Step{stream(cpu), lstm_forward(forward), lstm_backward(backward), {}, {}});
  step->in = {{DNNL_ARG_SRC_LAYER, Filled(x, cpu)},
              {DNNL_ARG_SRC_ITER, Filled(state, cpu)},
              {DNNL_ARG_SRC_ITER_C, Filled(state, cpu)},
              {DNNL_ARG_BIAS, Filled(b, cpu)},
              {DNNL_ARG_DST_LAYER, Filled(y, cpu)},
              {DNNL_ARG_DST_ITER, Filled(state, cpu)},
              {DNNL_ARG_DST_ITER_C, Filled(state, cpu)},
              {DNNL_ARG_WORKSPACE, Filled(forward.workspace_desc(), cpu)},
              {DNNL_ARG_WEIGHTS_LAYER, Filled(forward.weights_layer_desc(), cpu)},
              {DNNL_ARG_WEIGHTS_ITER, Filled(forward.weights_iter_desc(), cpu)}};
  step->out = step->in;
  step->out[DNNL_ARG_WEIGHTS_LAYER] = Filled(backward.weights_layer_desc(), cpu);
  step->out[DNNL_ARG_WEIGHTS_ITER] = Filled(backward.weights_iter_desc(), cpu);
  step->out[DNNL_ARG_DIFF_SRC_LAYER] = Filled(x, cpu);
  step->out[DNNL_ARG_DIFF_DST_LAYER] = Filled(y, cpu);
  step->out[DNNL_ARG_DIFF_WEIGHTS_LAYER] = Filled(backward.diff_weights_layer_desc(), cpu);
  step->out[DNNL_ARG_DIFF_WEIGHTS_ITER] = Filled(backward.diff_weights_iter_desc(), cpu);
  step->out[DNNL_ARG_DIFF_BIAS] = Filled(b, cpu);
  for (const int argument :
       {DNNL_ARG_DIFF_SRC_ITER, DNNL_ARG_DIFF_SRC_ITER_C, DNNL_ARG_DIFF_DST_ITER, DNNL_ARG_DIFF_DST_ITER_C}) {
    step->out[argument] = Filled(state, cpu);
  }
  return [step] {
    step->forward.execute(step->queue, step->in);
    step->backward.execute(step->queue, step->out);
    step->queue.wait();
  };
}

}  // namespace pumasi
