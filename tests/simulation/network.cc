#include "tests/simulation/network.h"

#include <algorithm>
#include <utility>

#include "common/error_detail.h"

namespace pumasi::sim {

const char* MethodName(Method method) {
  static constexpr const char* kNames[] = {"Register",     "Heartbeat",     "Leave",        "ReportPrepared",
                                           "UploadAssets", "ReportReady",   "ReportFilled", "ReportShardSaved",
                                           "CombineNorms", "ReportFailure", "LeaseUnits",   "Submit",
                                           "GetJob",       "Drain",         "Resume",       "Cancel",
                                           "Audit",        "Pull",          "Push",         "FetchSlot"};
  return kNames[static_cast<size_t>(method)];
}

Node* Network::Find(const std::string& name) const {
  for (Node* node : nodes_) {
    if (node->name() == name) return node;
  }
  return nullptr;
}

void Network::Cut(size_t from, size_t to, bool cut) {
  if (cut) {
    cut_[{from, to}] = true;
  } else {
    cut_.erase({from, to});
  }
}

Nanos Network::Delay() {
  if (weather_.late > 0 && random_.Chance(weather_.late)) return random_.Between(kMillisecond, weather_.longest);
  return random_.Between(50 * kMicrosecond, 500 * kMicrosecond);
}

Nanos Network::Arrival(const Node& from, const Node& to) {
  if (IsCut(from.number(), to.number())) return -1;
  if (weather_.loss > 0 && random_.Chance(weather_.loss)) return -1;
  return world_.now() + Delay();
}

void Network::Call(Node& from, const std::string& to, Method method, std::string request, absl::Duration timeout,
                   Done done) {
  ++calls_;
  bytes_ += request.size();
  auto flight = std::make_shared<Flight>();
  flight->from = &from;
  flight->from_life = from.life();
  flight->to = Find(to);
  flight->done = std::move(done);
  if (flights_.size() >= sweep_at_) {
    flights_.erase(std::remove_if(flights_.begin(), flights_.end(),
                                  [](const auto& weak) {
                                    const auto there = weak.lock();
                                    return there == nullptr || there->over;
                                  }),
                   flights_.end());
    sweep_at_ = 256 + 2 * flights_.size();
  }
  flights_.push_back(flight);
  const Nanos deadline = from.WorldTime(from.Now() + timeout);
  world_.At(deadline, from, [this, flight, method] {
    if (flight->over) return world_.NothingHappened();
    Finish(flight, absl::DeadlineExceededError(absl::StrCat(MethodName(method), " took too long")), "");
  });
  if (flight->to == nullptr || !flight->to->up()) return FailSoon(flight);
  flight->to_life = flight->to->life();
  const Nanos at = Arrival(from, *flight->to);
  if (at < 0) {
    world_.Trace("net: ", from.name(), " -> ", to, " ", MethodName(method), " is lost");
    // A lost packet is sent again; of a cut link a caller learns by and by.
    return FailSoon(flight);
  }
  // As AnswerBy of common/rpc/parking.h.
  const Nanos answer_by = deadline - std::min((deadline - world_.now()) / 4, 250 * kMillisecond);
  if (weather_.duplicate > 0 && random_.Chance(weather_.duplicate)) {
    // Some come when all that they belong to is long over.
    const Nanos longest = random_.Chance(0.3) ? 20 * kSecond : 5 * kSecond;
    const Nanos again = random_.Chance(0.3) ? random_.Between(kMillisecond, longest) : Delay();
    world_.At(at + again, *flight->to,
              [this, flight, method, request, answer_by] { Deliver(flight, method, request, answer_by); });
  }
  world_.At(at, *flight->to, [this, flight, method, request = std::move(request), answer_by] {
    Deliver(flight, method, request, answer_by);
  });
}

void Network::Deliver(const std::shared_ptr<Flight>& flight, Method method, const std::string& request,
                      Nanos answer_by) {
  Node& to = *flight->to;
  const Nanos left = std::max<Nanos>(answer_by - world_.now(), 0);
  auto replied = std::make_shared<bool>(false);
  to.Serve({method, request, to.Now() + absl::Nanoseconds(left),
            [this, flight, replied, method](const absl::Status& status, std::string bytes) {
              if (std::exchange(*replied, true)) return;
              if (flight->over || !flight->from->up() || flight->from->life() != flight->from_life) return;
              bytes_ += bytes.size();
              const Nanos at = Arrival(*flight->to, *flight->from);
              if (at < 0) {
                world_.Trace("net: answer of ", flight->to->name(), " to ", flight->from->name(), "'s ",
                             MethodName(method), " is lost");
                return FailSoon(flight);
              }
              world_.At(at, *flight->from, [this, flight, status, bytes = std::move(bytes)] {
                if (!flight->over) Finish(flight, status, bytes);
              });
            }});
}

void Network::Finish(const std::shared_ptr<Flight>& flight, const absl::Status& status, const std::string& bytes) {
  flight->over = true;
  const Done done = std::move(flight->done);
  flight->done = nullptr;
  done(status, bytes);
}

void Network::FailSoon(const std::shared_ptr<Flight>& flight) {
  if (random_.Chance(weather_.unnoticed)) return;
  world_.At(world_.now() + Delay(), *flight->from, [this, flight] {
    if (!flight->over) {
      Finish(flight,
             DetailedError(v1::ErrorDetail::UNAVAILABLE,
                           flight->to == nullptr ? "no such address" : "the connection broke"),
             "");
    }
  });
}

void Network::Broke(Node& node) {
  for (size_t i = 0; i < flights_.size(); ++i) {
    const auto flight = flights_[i].lock();
    if (flight == nullptr || flight->over) continue;
    // Of a caller that is gone: nobody hears any more, also not who starts under its name.
    if (flight->from == &node) flight->over = true;
    if (flight->to == &node && !flight->over && flight->from->up()) FailSoon(flight);
    if (flight->from == &node && flight->to != nullptr && flight->to->up()) {
      if (on_disconnected && !IsCut(node.number(), flight->to->number()) && !random_.Chance(weather_.unnoticed)) {
        Node* to = flight->to;
        world_.At(world_.now() + Delay(), *to,
                  [this, to, name = node.name(), life = flight->from_life] { on_disconnected(*to, name, life); });
      }
    }
  }
}

}  // namespace pumasi::sim
