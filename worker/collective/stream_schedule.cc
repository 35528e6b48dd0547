#include "worker/collective/stream_schedule.h"

namespace pumasi {

StreamSchedule::Due StreamSchedule::Of(FrameHeader::Kind kind, size_t frame, const Chunks& chunks,
                                       const Nodes& nodes) const {
  const size_t a_round = chunks.size() * nodes.size(), index = frame % a_round;
  Due due;
  due.round = frame / a_round;
  due.node = index % nodes.size();
  due.header.kind = kind;
  due.header.chunk = chunks[index / nodes.size()];
  due.header.call = call_;
  due.header.floats = floats_;
  due.header.node = nodes[due.node];
  const Block piece = plan_.Piece(due.round, due.header.chunk);
  due.header.first = piece.first;
  due.header.count = piece.size();
  return due;
}

}  // namespace pumasi
