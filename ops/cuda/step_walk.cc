#include "ops/cuda/step_walk.h"

#include <vector>

namespace pumasi::cuda {

void StepWalk::Build(Stream* stream, const SequenceIndex& index, const RecurrentOptions& options) {
  order_.Build(index.rows(), index.host_offsets().data(), options.go_backwards);
  const IndexedSequences input = {.rows = index.rows(), .offsets = index.host_offsets().data()};
  std::vector<uint32_t> vectors(order_.positions()), places(order_.positions()), rows(order_.positions());
  std::vector<uint32_t> ranks, start, active;
  for (int t = 0; t < order_.steps(); ++t) {
    start.push_back(static_cast<uint32_t>(order_.start(t)));
    active.push_back(static_cast<uint32_t>(order_.active(t)));
    for (int rank = 0; rank < order_.active(t); ++rank) {
      const size_t position = order_.start(t) + rank;
      vectors[position] = index.host_tokens()[order_.token_of_position()[position]];
      places[position] = static_cast<uint32_t>(OutputPlace(options, input, order_, t, rank));
      rows[position] = order_.row(rank);
    }
  }
  start.insert(start.end(), 2, static_cast<uint32_t>(order_.positions()));
  active.push_back(0);
  for (int rank = 0; rank < order_.rows(); ++rank) ranks.push_back(order_.row(rank));

  upload_.Start();
  const size_t at[] = {upload_.Add(vectors), upload_.Add(places), upload_.Add(rows),
                       upload_.Add(ranks),   upload_.Add(start),  upload_.Add(active)};
  const uint32_t* const device = upload_.Send(stream);
  device_ = {device + at[0], device + at[1], device + at[2], device + at[3], device + at[4], device + at[5]};
}

}  // namespace pumasi::cuda
