// What workers' computing threads waited for (v1.Waits), wait by wait.
#ifndef PUMASI_COMMON_WAITS_H_
#define PUMASI_COMMON_WAITS_H_

#include "common/stage_times.h"
#include "proto/time_use.pb.h"

namespace pumasi {

struct WaitField {
  const char* name;
  double (v1::Waits::*get)() const;
  void (v1::Waits::*set)(double);
};

// All of them, in the order in which a unit comes by them.
inline constexpr WaitField kWaitFields[] = {
    {"lease", &v1::Waits::lease, &v1::Waits::set_lease}, {"read", &v1::Waits::read, &v1::Waits::set_read},
    {"pull", &v1::Waits::pull, &v1::Waits::set_pull},    {"serve", &v1::Waits::serve, &v1::Waits::set_serve},
    {"batch", &v1::Waits::batch, &v1::Waits::set_batch}, {"apply", &v1::Waits::apply, &v1::Waits::set_apply},
    {"push", &v1::Waits::push, &v1::Waits::set_push},
};

inline double SumOf(const v1::Waits& waits) {
  double sum = 0;
  for (const WaitField& field : kWaitFields) sum += (waits.*field.get)();
  return sum;
}

// Adds to each wait of `sum`. What a peer told and makes no sense counts as 0.
inline void AddWaits(const v1::Waits& more, v1::Waits* sum) {
  for (const WaitField& field : kWaitFields) {
    (sum->*field.set)((sum->*field.get)() + SaneSeconds((more.*field.get)()));
  }
}

}  // namespace pumasi

#endif  // PUMASI_COMMON_WAITS_H_
