// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// queue.cpp - producers and consumers: messages in the heap go through a short queue
// with one lock from the threads that write them to those that read and free them.

#include "bench.h"

#include <atomic>
#include <vector>

namespace {

constexpr int Words = 14; // of a message

struct Message {
  long Number, Sender;
  uint64_t Text[Words];
};

/// A ring of at most Capacity messages.
class Queue {
public:
  Queue() { omp_init_lock(&Lock); }
  Queue(const Queue &) = delete;
  ~Queue() { omp_destroy_lock(&Lock); }

  /// False if it is full.
  bool put(Message *message) {
    omp_set_lock(&Lock);
    bool room = Tail - Head < Capacity;
    if (room)
      Ring[Tail++ % Capacity] = message;
    omp_unset_lock(&Lock);
    return room;
  }

  /// Null if it is empty.
  Message *get() {
    omp_set_lock(&Lock);
    Message *message = Head < Tail ? Ring[Head++ % Capacity] : nullptr;
    omp_unset_lock(&Lock);
    return message;
  }

private:
  static constexpr long Capacity = 64;

  omp_lock_t Lock;
  long Head = 0, Tail = 0;
  Message *Ring[Capacity];
};

Message *write_message(long number, long sender) {
  Message *message = new Message{number, sender, {}};
  for (int word = 0; word < Words; ++word)
    message->Text[word] = bench::mix(number * Words + word);
  return message;
}

uint64_t value_of(long number, const uint64_t *text) {
  uint64_t sum = 0;
  for (int word = 0; word < Words; ++word)
    sum += bench::fold(number, text[word]);
  return sum;
}

uint64_t read_message(Message *message) {
  uint64_t sum = value_of(message->Number, message->Text);
  delete message;
  return sum;
}

/// Thread 0, 2, ... write messages, the others read them; a writer that finds the
/// queue full, or has written all of its messages, reads as well.
uint64_t pass_all(Queue &queue, long messages, int threads) {
  const int writers = (threads + 1) / 2;
  std::atomic<long> unread{messages};
  uint64_t sum = 0;
#pragma omp parallel num_threads(threads) reduction(+ : sum)
  {
    const int me = omp_get_thread_num();
    bench::Range own = {0, 0};
    if (me % 2 == 0)
      own = bench::part_of(messages, writers, me / 2);
    Message *written = nullptr;
    while (unread.load() > 0) {
      if (!written && own.begin < own.end)
        written = write_message(own.begin++, me);
      if (written && queue.put(written)) {
        written = nullptr;
        continue;
      }
      if (Message *message = queue.get()) {
        sum += read_message(message);
        unread.fetch_sub(1);
      }
    }
  }
  return sum;
}

} // namespace

int main(int argc, char **argv) {
  bench::Run run(argc, argv, "queue");
  const long messages = run.pick(100L, 4000L, 10000L, 50000L);
  const int steps = run.pick(4, 5, 8, 8);
  const int threads = run.threads();

  bench::Phase init(run, "init");
  init.begin();
  Queue queue;
  init.end();

  bench::Phase phase(run, "pass", steps);
  // A message may be read on its own node.
  phase.least_fetched(0, 0);
  uint64_t sum = 0;
  for (int step = 0; step < steps; ++step) {
    phase.begin();
    sum += pass_all(queue, messages, threads);
    phase.end();
  }

  uint64_t expected = 0;
  for (long number = 0; number < messages; ++number) {
    uint64_t text[Words];
    for (int word = 0; word < Words; ++word)
      text[word] = bench::mix(number * Words + word);
    expected += value_of(number, text) * steps;
  }
  run.check(sum == expected, "differs from the serial result");
  return run.finish(sum);
}
