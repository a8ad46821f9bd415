"""One thread that runs calls."""

from __future__ import annotations

import _thread
import sys
from time import monotonic, monotonic_ns
from types import CoroutineType

from . import failures, frames, memory, values
from .exchange import Exchange, Loan, TooLarge
from .outbox import COMMITTED, FLUSH_DELAY
from .tasks import NoTask

TYPE_CHECKING = False  # as in typing, whose import costs milliseconds
if TYPE_CHECKING:
    from typing import Any

    from .arena import Arenas
    from .calls import Batch, Queue
    from .measure import Meter
    from .outbox import BlackBox, Outbox
    from .tasks import Function

# Results with more bytes travel in frames of their own. Longer lines are
# searched for their end by the parent; shorter need a header more often.
MAX_LINE = 16 << 10

# How many lines are appended at most before they are sent. More makes fewer
# system calls; less gives the parent work earlier.
MAX_BURST = 256

_NO_BATCH = object()


class Limits:
    """What one worker was told in the setup frame."""

    __slots__ = ("max_frame", "memory")

    def __init__(self, max_frame: int, memory: int) -> None:
        self.max_frame = max_frame
        self.memory = memory  # bytes; 0 for no limit


class Runner:
    """Runs calls in thread number ``thread``, one at a time. Everything here belongs to that thread."""

    __slots__ = (
        "_queue", "_outbox", "_memory", "_words", "_slot", "_limits", "_max_result", "_max_line", "_encode", "_exchange",
        "_wakeup", "_sent_at", "_meter", "_max_frame",
    )  # fmt: skip

    def __init__(
        self,
        thread: int,
        queue: Queue,
        outbox: Outbox,
        box: BlackBox,
        limits: Limits,
        arenas: Arenas | None,
        meter: Meter | None,  # None: calls are not measured
    ) -> None:
        self._queue = queue
        self._outbox = outbox
        self._memory = box.memory
        self._words = box.words
        self._slot = box.slot(thread)
        self._limits = limits
        self._meter = meter
        self._max_frame = limits.max_frame if meter is None else max(0, limits.max_frame - frames.MEASURE_SIZE)
        self._max_result = self._max_frame - frames.LENGTH_SIZE
        self._max_line = min(MAX_LINE, self._max_result)
        self._encode = values.Encoder().encode
        self._exchange = Exchange(arenas, self._encode, self._max_frame)
        self._wakeup = _thread.allocate_lock()
        self._wakeup.acquire()
        self._sent_at = monotonic()  # when _send_burst or _rest was left

    def run(self) -> None:
        """Run calls until the worker is to stop. Raises only what this program itself did wrong.

        This is the one hot loop of the worker: a short call takes about as long
        as the steps around it. So what it does for calls whose inputs came as
        a JSON array, and whose results are short, is written out here, with what
        it needs in local variables: :meth:`_call` and :meth:`_result` without
        their special cases, and :meth:`Outbox.answer_line` for a line that
        continues the open run and for which there is room. Whatever is not so is
        left to them.

        The order of the steps is that of docs/wire.md: the time, the id, the
        call, its answer in the box, the next id.
        """
        if self._meter is not None:
            self._run_measured(self._meter)
            return
        outbox, memory, words, slot, max_line = self._outbox, self._memory, self._words, self._slot, self._max_line
        take, encode, quote = self._queue.take, self._encode, values.quote
        take_token, return_token, write = outbox.token.pop, outbox.token.append, memory.write
        function = value = inputs = result = line = None
        gettrace, tracer = sys.gettrace, sys.gettrace()
        current: object = _NO_BATCH
        timed = False
        loose = False  # an answer may wait of which the flusher does not know
        burst = left = 1  # lines until the next look at what waits to be sent
        while True:
            try:
                call_id, batch, index = take()
            except IndexError:
                words[slot] = 0
                function = value = inputs = result = line = None  # nothing is kept alive meanwhile
                current = _NO_BATCH
                loose = False
                self._rest()
                burst = left = (burst + 1) >> 1
                continue
            value = result = line = None  # those of the last call are not kept alive by this one
            if gettrace() is not tracer:
                sys.settrace(tracer)  # what the last call has set would be called, and may raise, in this one
            if loose:
                loose = False
                outbox.entrust()  # this call may be a slow one
            if batch is not current:
                if batch is None:
                    break
                self._note(call_id, batch)
                function, inputs = self._open(batch)
                current, timed = batch, batch.timed
            if timed:
                words[slot + 1] = monotonic_ns()  # before the id: who sees the id must see its time
            words[slot] = call_id
            if inputs is None:
                self._call_otherwise(call_id, batch, index)
                loose = True
                continue
            value = inputs[index]
            inputs[index] = None
            try:
                result = function(value)
            except BaseException as error:  # SystemExit and KeyboardInterrupt end the call, not the worker
                outbox.answer(self._raised(call_id, error))
                loose = True
                continue
            try:
                kind = type(result)
                if kind is int:
                    line = b"%d\n" % result
                elif kind is str:
                    line = (quote(result) + "\n").encode()
                elif result is None:
                    line = b"null\n"
                elif result is True:
                    line = b"true\n"
                elif result is False:
                    line = b"false\n"
                elif kind is float and result - result == 0:  # not for NaN and infinities
                    line = b"%r\n" % result
                else:
                    line = encode(result) + b"\n"
                size = len(line)
            except BaseException:  # _result says what is wrong, or finds another form
                line, size = None, max_line
            if size >= max_line:
                outbox.answer(self._result(call_id, batch.task.name, result, line))
                loose = True
                continue
            try:
                take_token()
            except IndexError:
                outbox.take_token()
            end = outbox.committed + size
            fits = end <= outbox.limit and outbox.next_id == call_id
            if fits:
                write(line)
                outbox.committed = end
                words[COMMITTED] = end  # from here on the call is answered
                outbox.next_id = call_id + 1
            loose = not outbox.armed
            return_token(None)
            if not fits:
                outbox.answer_line(call_id, line)
            left -= 1
            if not left:
                burst = left = self._send_burst(burst)
        words[slot] = 0
        self._outbox.flush()

    def _run_measured(self, meter: Meter) -> None:
        """Run calls as :meth:`run` does, and measure each. Each is answered by a frame of its own."""
        outbox, words, slot, take = self._outbox, self._words, self._slot, self._queue.take
        gettrace, tracer = sys.gettrace, sys.gettrace()
        batch = None
        loose = False  # an answer may wait of which the flusher does not know
        while True:
            try:
                call_id, batch, index = take()
            except IndexError:
                words[slot] = 0
                batch = None
                loose = False
                meter.rest()
                self._rest()
                continue
            if gettrace() is not tracer:
                sys.settrace(tracer)
            if loose:
                outbox.entrust()
            if batch is None:
                break
            words[slot + 1] = meter.begin()
            words[slot] = call_id
            self._call_otherwise(call_id, batch, index)
            loose = True
        words[slot] = 0
        outbox.flush()

    def _measured(self, frame: bytes) -> bytes:
        """Return the frame that answers the call that has just ended, with what was measured, if that is wanted."""
        return frame if self._meter is None else self._meter.end(frame)

    def _rest(self) -> None:
        """Wait for calls. What this thread answered and printed goes out first."""
        self._release()
        self._outbox.flush()
        flush_output()
        self._queue.wait(self._wakeup)
        self._sent_at = monotonic()

    def _send_burst(self, burst: int) -> int:
        """Send what waits, after ``burst`` lines. Returns after how many more to do so again.

        The number follows the time that so many took, so that answers wait no
        longer than FLUSH_DELAY while calls go on as they did. When they do not,
        there is the flusher, which has to wait for the interpreter lock.
        """
        self._release()  # a worker that is never idle has to say so too
        self._outbox.flush()
        now = monotonic()
        took = now - self._sent_at
        self._sent_at = now
        if took < FLUSH_DELAY / 2:
            return min(2 * burst, MAX_BURST)
        return burst if took < FLUSH_DELAY else (burst + 1) >> 1

    def _note(self, call_id: int, batch: Batch) -> None:
        """Note in the box that the call begins."""
        if batch.timed:
            self._words[self._slot + 1] = monotonic_ns()
        self._words[self._slot] = call_id

    def _open(self, batch: Batch) -> tuple[Function | None, list[Any] | None]:
        """Return the function of a batch and its inputs. Where these are None, :meth:`_call_otherwise` does what there is to do."""
        if not batch.plain:
            return None, None
        try:
            function = batch.task.function or batch.task.load()
            return function, batch.whole()
        except (NoTask, MemoryError):
            return None, None  # _call tries again, for each call, and says what is wrong

    def _call_otherwise(self, call_id: int, batch: Batch, index: int) -> None:
        """Run one call for which the hot loop is not made, and answer it."""
        self._release()  # a worker that is never idle has to say so too
        if batch.plain:
            self._outbox.answer(self._measured(self._call(call_id, batch, index)))
        else:
            self._call_with_exchange(call_id, batch, index)

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
        except BaseException as error:  # SystemExit and KeyboardInterrupt end the call, not the worker
            return self._raised(call_id, error)
        return self._result(call_id, task.name, result)

    def _raised(self, call_id: int, error: BaseException) -> bytes:
        """Return the frame for a call whose function raised ``error``."""
        if issubclass(type(error), MemoryError):  # isinstance asks the object itself
            return self._failure(call_id, failures.from_memory_error(error, self._limits.memory))
        if type(error) is values.BadInput:  # of a function that an input is spread over
            return self._failure(call_id, failures.failure("bad_input", str(error)))
        return self._failure(call_id, failures.from_exception(error))

    def _result(self, call_id: int, name: str, result: Any, line: bytes | None = None) -> bytes:
        """Return the frame for the value of a call, whose form is ``line`` if that was made."""
        try:
            payload = self._encode(result) if line is None else line[:-1]
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

    def _call_with_exchange(self, call_id: int, batch: Batch, index: int) -> None:
        """Run one call with values that are not small JSON, and answer it."""
        loan = Loan()
        frame = self._measured(self._exchanged(call_id, batch, index, loan))
        # From here on only the task's own objects can refer to the input.
        keep = self._exchange.give_back(loan, call_id)
        self._outbox.answer(keep + frame if keep else frame)
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
        except frames.ProtocolError:
            raise
        except BaseException as error:  # unpickling, and what NumPy imports, may raise anything
            return self._strange(call_id, "bad_input", f"{task.name}: input cannot be taken", error)
        try:
            result = function(value)
        except BaseException as error:
            return self._raised(call_id, error)
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
        except BaseException as error:  # what the result is made of may raise anything
            return self._strange(call_id, "bad_result", f"{task.name}: result cannot be taken", error)

    def _strange(self, call_id: int, kind: str, text: str, error: BaseException) -> bytes:
        """Return the frame for a value whose own code raised ``error``."""
        text = f"{text}: {type(error).__name__}: {failures.message_of(error)}"
        return self._failure(call_id, failures.failure(kind, text))

    def _out_of_memory(self, what: str) -> dict[str, Any]:
        limit = self._limits.memory
        text = f" ({failures.memory_text(limit, memory.in_use())})" if limit else " into memory"
        return failures.failure("memory" if limit else "error", what + text, type="MemoryError")

    def _failure(self, call_id: int, body: dict[str, Any]) -> bytes:
        return frames.frame(frames.FAILURE, failures.encode(body, self._max_frame), id=call_id, count=1)


def flush_output() -> None:
    """Hand over what tasks printed without a line end. Tasks may have replaced or closed the streams."""
    for name in ("stdout", "stderr"):
        try:
            getattr(sys, name).flush()
        except BaseException:  # what it is now may raise anything
            pass


def _close_coroutine(result: Any) -> None:
    """Spare the output a warning that a coroutine was never awaited."""
    if type(result) is CoroutineType:
        try:
            result.close()
        except BaseException:  # one that had begun may refuse
            pass
