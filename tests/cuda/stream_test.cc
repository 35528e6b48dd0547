#include "ops/cuda/stream.h"

#include <catch2/catch.hpp>
#include <vector>

#include "ops/cuda/elementwise.h"
#include "tests/cuda/on_device.h"

namespace pumasi::cuda {
namespace {

TEST_CASE("What is copied to a device comes back") {
  const auto stream = StreamForTest();
  if (stream == nullptr) return;
  const std::vector<float> values = {1, 2, 3, 4, 5};
  CHECK(DeviceArray<float>(stream.get(), values).Read() == values);
  CHECK(stream->ok());
}

TEST_CASE("A stream waits for another one's event before it goes on") {
  const auto first = StreamForTest();
  if (first == nullptr) return;
  const auto second = StreamForTest();
  DeviceArray<float> a(first.get(), std::vector<float>(1000, 1.0f)), b(first.get(), std::vector<float>(1000, 0.0f));
  Event added;
  for (int i = 0; i < 5; ++i) AddTo(first.get(), 1000, a.get(), b.get());
  added.Record(first.get());
  second->WaitFor(added);
  Scale(second.get(), 1000, 2, b.get(), a.get());
  std::vector<float> values(1000);
  second->CopyToHost(a.get(), 4000, values.data());
  CHECK(second->Wait());
  CHECK(values == std::vector<float>(1000, 10.0f));
}

TEST_CASE("Waiting for an event ends when its work is done") {
  const auto stream = StreamForTest();
  if (stream == nullptr) return;
  DeviceArray<float> a(stream.get(), std::vector<float>(7, 1.0f));
  std::vector<float> values(7);
  Event copied;
  Scale(stream.get(), 7, 3, a.get(), a.get());
  stream->CopyToHost(a.get(), 28, values.data());
  copied.Record(stream.get());
  CHECK(stream->WaitUntil(copied));
  CHECK(values == std::vector<float>(7, 3.0f));
}

TEST_CASE("Work that is replayed does the same each time") {
  const auto stream = StreamForTest();
  if (stream == nullptr) return;
  DeviceArray<float> one(stream.get(), std::vector<float>(100, 1.0f)), sum(stream.get(), std::vector<float>(100, 0.0f));
  int enqueued = 0;
  for (int i = 0; i < 6; ++i) {
    stream->Replay({1, 2, 3}, [&] {
      ++enqueued;
      AddTo(stream.get(), 100, one.get(), sum.get());
    });
  }
  CHECK(enqueued == 3);
  CHECK(sum.Read() == std::vector<float>(100, 6.0f));
  // Another key is other work.
  stream->Replay({1, 2, 4}, [&] { Scale(stream.get(), 100, 0.5f, sum.get(), sum.get()); });
  CHECK(sum.Read() == std::vector<float>(100, 3.0f));
}

TEST_CASE("After an error a stream does no more work and says what it was") {
  const auto stream = StreamForTest();
  if (stream == nullptr) return;
  CHECK(AllocateDevice(stream.get(), 0) == nullptr);
  CHECK(stream->ok());
  stream->Fail("the first reason");
  stream->Fail("the second reason");
  CHECK_FALSE(stream->ok());
  CHECK(stream->error() == "the first reason");
  CHECK_FALSE(stream->Wait());
}

TEST_CASE("A device that is not there is an error") {
  if (StreamForTest() == nullptr) return;
  std::string error;
  CHECK(Stream::Open(1000, &error) == nullptr);
  CHECK_FALSE(error.empty());
}

}  // namespace
}  // namespace pumasi::cuda
