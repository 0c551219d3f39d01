// A batch that a helper thread gathers ahead of its use.
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <cstdint>
#include <memory>
#include <utility>

#include "base/parallel.hpp"
#include "bindings/batch_outputs.hpp"
#include "bindings/window_objects.hpp"

namespace bytestride::python {

namespace py = pybind11;

namespace {

class PendingBatch {
 public:
  PendingBatch(std::shared_ptr<PyWindowSet> set, std::shared_ptr<PyOrder> order, std::int64_t first,
               std::int64_t step, std::int64_t count, const std::string& layout,
               const py::dtype& dtype, const py::object& out, std::size_t num_threads)
      : set_(std::move(set)),
        order_(std::move(order)),
        outputs_(*set_->core, count, layout, dtype, out) {
    // The body touches no Python object, and this object outlives it.
    auto body = [core = set_->core.get(), ordered = order_->core.get(), outputs = &outputs_, first,
                 step, count] {
      std::vector<std::int64_t> indices(static_cast<std::size_t>(count));
      ordered->fill(first, step, indices.size(), indices.data());
      ResolvedRows rows;
      core->resolve(indices.data(), indices.size(), rows);
      outputs->fill(rows);
    };
    py::gil_scoped_release released;  // to make a thread may wait for a fork
    task_ = std::make_unique<BackgroundTask>(std::move(body), num_threads);
  }

  ~PendingBatch() {
    py::gil_scoped_release released;
    task_.reset();
  }

  PendingBatch(const PendingBatch&) = delete;
  PendingBatch& operator=(const PendingBatch&) = delete;

  py::object wait() {
    {
      py::gil_scoped_release released;
      task_->wait();
    }
    return outputs_.to_python();
  }

 private:
  std::shared_ptr<PyWindowSet> set_;
  std::shared_ptr<PyOrder> order_;
  BatchOutputs outputs_;
  std::unique_ptr<BackgroundTask> task_;
};

}  // namespace

void bind_pending_batch(py::module_& m) {
  py::class_<PendingBatch>(m, "PendingBatch",
                           "A batch of consecutive positions of an order, gathered ahead.")
      .def(py::init([](std::shared_ptr<PyWindowSet> set, std::shared_ptr<PyOrder> order,
                       std::int64_t first, std::int64_t step, std::int64_t count,
                       const std::string& layout, const py::dtype& dtype, const py::object& out,
                       std::size_t num_threads) {
             if (count < 0) throw py::value_error("count must not be negative");
             return std::make_unique<PendingBatch>(std::move(set), std::move(order), first, step,
                                                   count, layout, dtype, out, num_threads);
           }),
           py::arg("windows"), py::arg("order"), py::arg("first"), py::arg("step"),
           py::arg("count"), py::arg("layout"), py::arg("dtype"), py::arg("out").none(true),
           py::arg("num_threads"))
      .def("wait", &PendingBatch::wait,
           "The batch; works it out here if no helper has begun it. For one thread at a time.");
}

}  // namespace bytestride::python
