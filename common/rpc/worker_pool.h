// common/rpc/worker_pool.h: threads for the handlers, so that gRPC's own never wait for a database.
#ifndef CLV_COMMON_RPC_WORKER_POOL_H_
#define CLV_COMMON_RPC_WORKER_POOL_H_

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace clv::rpc {

// A fixed number of threads behind a bounded queue, first come first served. Thread-safe.
class WorkerPool {
 public:
  struct Options {
    int threads = 4;
    // Jobs that may wait besides those that run.
    size_t max_queued = 1024;
  };

  explicit WorkerPool(Options options);

  // Runs what is queued, then ends the threads.
  ~WorkerPool();

  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  // Queues a job; false, and the job is dropped, when the queue is full or the pool is ending.
  [[nodiscard]] bool TrySubmit(std::function<void()> job);

  // Jobs that wait now.
  size_t queued() const;

 private:
  void Work();

  const size_t max_queued_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> queue_;
  bool ending_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace clv::rpc

#endif  // CLV_COMMON_RPC_WORKER_POOL_H_
