"""One thread that runs calls."""

from __future__ import annotations

import _thread
import sys
from time import monotonic_ns

from . import failures, frames, values
from .exchange import Exchange, Loan, TooLarge
from .tasks import NoTask

TYPE_CHECKING = False  # as in typing, whose import costs milliseconds
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .arena import Arenas
    from .calls import Batch, Queue
    from .outbox import BlackBox, Outbox


class Limits:
    """What one worker was told in the setup frame."""

    __slots__ = ("max_frame", "memory")

    def __init__(self, max_frame: int, memory: int) -> None:
        self.max_frame = max_frame
        self.memory = memory  # bytes; 0 for no limit


class Runner:
    """Runs calls in thread number ``thread``, one at a time. Everything here belongs to that thread."""

    __slots__ = ("_queue", "_outbox", "_words", "_slot", "_limits", "_max_result", "_encode", "_exchange", "_wakeup")

    def __init__(
        self, thread: int, queue: Queue, outbox: Outbox, box: BlackBox, limits: Limits, arenas: Arenas | None
    ) -> None:
        self._queue = queue
        self._outbox = outbox
        self._words = box.words
        self._slot = box.slot(thread)
        self._limits = limits
        self._max_result = limits.max_frame - frames.LENGTH_SIZE
        self._encode = values.Encoder().encode
        self._exchange = Exchange(arenas, self._encode, limits.max_frame)
        self._wakeup = _thread.allocate_lock()
        self._wakeup.acquire()

    def run(self) -> None:
        """Run calls until the worker is to stop. Raises only what this program itself did wrong."""
        take, more = self._queue.take, self._queue.more
        words, slot = self._words, self._slot
        answer = self._outbox.answer
        while True:
            try:
                call_id, batch, index = take()
            except IndexError:
                words[slot] = 0
                self._rest()
                continue
            if batch is None:
                break
            if batch.timed:
                words[slot + 1] = monotonic_ns()  # before the id: who sees the id must see its time
            words[slot] = call_id
            if batch.plain:
                answer(self._call(call_id, batch, index), more() > 0)
            else:
                self._call_with_exchange(call_id, batch, index, more)
        words[slot] = 0
        self._outbox.flush()

    def _rest(self) -> None:
        """Wait for calls. What this thread answered and printed goes out first."""
        self._release()
        self._outbox.flush()
        flush_output()
        self._queue.wait(self._wakeup)

    def _call(self, call_id: int, batch: Batch, index: int) -> bytes:
        """Run one call and return the frame that answers it."""
        task = batch.task
        try:
            function = task.function or task.load()
            value = batch.take(index)
        except NoTask as error:
            return self._failure(call_id, failures.failure("unknown_task", str(error), traceback=error.traceback))
        except values.BadInput as error:
            return self._failure(call_id, failures.failure("bad_input", f"{task.name}: {error}"))
        except MemoryError:
            return self._failure(call_id, self._out_of_memory("its input does not fit"))
        try:
            result = function(value)
        except MemoryError as error:
            kind = "memory" if self._limits.memory else "error"
            return self._failure(call_id, failures.from_exception(error, kind))
        except BaseException as error:  # SystemExit and KeyboardInterrupt end the call, not the worker
            return self._failure(call_id, failures.from_exception(error))
        return self._result(call_id, task.name, result)

    def _result(self, call_id: int, name: str, result: Any) -> bytes:
        """Return the frame for the value of a call."""
        try:
            payload = self._encode(result)
            if len(payload) < frames.MOVE_ABOVE and len(payload) <= self._max_result:
                return frames.result_frame(call_id, payload)
            if len(payload) <= self._max_result:
                return self._exchange.payload(call_id, frames.CODEC_JSON, payload)
            size = len(payload) + frames.LENGTH_SIZE
            message = f"{name}: result has {size} bytes as JSON, the frame limit is {self._limits.max_frame}"
            return self._failure(call_id, failures.failure("too_large", message))
        except values.BadResult as error:
            _close_coroutine(result)
            return self._failure(call_id, failures.failure("bad_result", f"{name}: {error}"))
        except MemoryError:
            return self._failure(call_id, self._out_of_memory("its result does not fit"))

    def _call_with_exchange(self, call_id: int, batch: Batch, index: int, more: Callable[[], int]) -> None:
        """Run one call with values that are not small JSON, and answer it."""
        self._release()
        loan = Loan()
        frame = self._exchanged(call_id, batch, index, loan)
        # From here on only the task's own objects can refer to the input.
        keep = self._exchange.give_back(loan, call_id)
        self._outbox.answer(keep + frame if keep else frame, more() > 0)
        if keep:
            self._exchange.keep(loan, call_id)

    def _release(self) -> None:
        """Tell the engine which inputs that were kept are free now."""
        free = self._exchange.released()
        if free:
            self._outbox.post(free)

    def _exchanged(self, call_id: int, batch: Batch, index: int, loan: Loan) -> bytes:
        """Run one call and return the frame that answers it."""
        task = batch.task
        try:
            function = task.function or task.load()
            value = self._exchange.input(batch, index, loan)
        except NoTask as error:
            return self._failure(call_id, failures.failure("unknown_task", str(error), traceback=error.traceback))
        except values.BadInput as error:
            return self._failure(call_id, failures.failure("bad_input", f"{task.name}: {error}"))
        except MemoryError:
            return self._failure(call_id, self._out_of_memory("its input does not fit"))
        try:
            result = function(value)
        except MemoryError as error:
            kind = "memory" if self._limits.memory else "error"
            return self._failure(call_id, failures.from_exception(error, kind))
        except BaseException as error:
            return self._failure(call_id, failures.from_exception(error))
        try:
            return self._exchange.result(call_id, task, result)
        except values.BadResult as error:
            _close_coroutine(result)
            return self._failure(call_id, failures.failure("bad_result", f"{task.name}: {error}"))
        except TooLarge as error:
            message = f"{task.name}: {error}, the frame limit is {self._limits.max_frame}"
            return self._failure(call_id, failures.failure("too_large", message))
        except MemoryError:
            return self._failure(call_id, self._out_of_memory("its result does not fit"))

    def _out_of_memory(self, what: str) -> dict[str, Any]:
        limit = self._limits.memory
        text = f" into the limit of {limit} bytes" if limit else " into memory"
        return failures.failure("memory" if limit else "error", what + text, type="MemoryError")

    def _failure(self, call_id: int, body: dict[str, Any]) -> bytes:
        return frames.frame(frames.FAILURE, failures.encode(body, self._limits.max_frame), id=call_id, count=1)


def flush_output() -> None:
    """Hand over what tasks printed without a line end. Tasks may have replaced or closed the streams."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except Exception:
            pass


def _close_coroutine(result: Any) -> None:
    """Spare the output a warning that a coroutine was never awaited."""
    if type(result).__name__ == "coroutine":
        result.close()
