"""Names of tasks, and the functions they mean.

``FILE.py:FUNCTION`` is a function of a file. The file is loaded once, under its
stem as module name and with its folder first on ``sys.path``, as if a program
beside it had imported it; so ``if __name__ == "__main__"`` blocks do not run.
``PACKAGE.MODULE:FUNCTION`` is a function of an importable module. FUNCTION may
be a path of attributes (``Class.method``).

A function takes the input as its one positional argument, unless ``(*)`` or
``(**)`` behind the name spreads the input over several: see module ``calling``. An
``async`` function runs in an event loop of its own (``asyncio.run``).
"""

from __future__ import annotations

import functools
import importlib
import importlib.util
import os
import sys
import threading

from . import calling, failures, frames

TYPE_CHECKING = False  # as in typing, whose import costs milliseconds
if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from types import ModuleType
    from typing import Any

    Function = Callable[[Any], Any]

_COROUTINE = 0x80  # inspect.CO_COROUTINE; importing inspect costs milliseconds
_MAX_LISTED = 12  # functions that a message lists

# Guards loading: two threads must not load one file twice. Code that is
# being loaded may itself need the lock in the same thread, through a task it runs.
_loading = threading.RLock()
_files: dict[str, ModuleType] = {}  # by real path, guarded by _loading

# Where relative file names begin, also after a task has changed the directory.
_origin = os.getcwd()


_MAX_WRAPPERS = 100  # around a function: objects may pretend to wrap themselves
_CODECS = {"raw": frames.CODEC_RAW, "npy": frames.CODEC_NPY, "pickle": frames.CODEC_PICKLE}


class NoTask(Exception):
    """A name means nothing that can run. ``traceback`` is that of a failed import, if any."""

    def __init__(self, message: str, traceback: str = "") -> None:
        super().__init__(message)
        self.traceback = traceback

    def again(self) -> NoTask:
        """Return one that keeps nothing alive: what is raised keeps the frames that it has passed."""
        return NoTask(str(self), self.traceback)


class Task:
    """A name and, once needed, its function. Failures are kept: a broken file is not loaded for each call."""

    __slots__ = ("name", "function", "codec", "descr", "takes_view", "_error")

    def __init__(self, name: str, out: str = "") -> None:
        self.name = name
        form, _, self.descr = out.partition(" ")  # descr: the type of the elements of npy
        self.codec = _CODECS.get(form, frames.CODEC_JSON)  # of results
        self.takes_view = False  # raw inputs are to be memoryviews; set before function
        self.function: Function | None = None  # set once
        self._error: NoTask | None = None  # set once

    def load(self) -> Function:
        """Return the function. Raises :class:`NoTask`, and MemoryError."""
        with _loading:
            if self._error is not None:
                raise self._error.again()
            if self.function is None:
                try:
                    function = find_function(self.name)
                    self.takes_view = _takes_view(function)
                    self.function = function
                except MemoryError:
                    raise
                except NoTask as error:
                    self._error = error.again()
                    raise
                except BaseException as error:  # what a module holds may raise anything when looked at
                    self._error = _import_failed(self.name, error)
                    raise self._error.again() from None
            return self.function


def preload(name: str) -> None:
    """Load a task, or a module or file given without a function. Raises :class:`NoTask`, and MemoryError."""
    with _loading:
        if _is_file(name) or ":" not in name:
            find_module(name)
        else:
            find_function(name)


def find_function(name: str) -> Function:
    """Return the function that ``name`` means, loading what holds it. Raises :class:`NoTask`, and MemoryError."""
    plain, form = calling.split(name)
    found = _find(plain)
    function = calling.spread(name, found, form) if form else found
    return _in_event_loop(function) if _is_async(found) else function


def signature(name: str) -> dict[str, Any] | None:
    """Return what the function of a loaded task takes, or None when ``name`` is no task or that is not certain.

    Raises :class:`NoTask`, and MemoryError.
    """
    if _is_file(name) or ":" not in name:
        return None
    with _loading:
        return calling.signature(_find(calling.split(name)[0]))


def initialize(name: str) -> None:
    """Call the function that ``name`` means, without an argument.

    Raises :class:`NoTask`, and what the function raises.
    """
    with _loading:
        found = _find(name)
    if _is_async(found):
        import asyncio

        async def run() -> None:
            await found()

        asyncio.run(run())
    else:
        found()


def _find(name: str) -> Any:
    place, colon, path = name.rpartition(":")
    if not colon or not place or not path:
        raise NoTask(f"{name!r} is not a task: want FILE.py:FUNCTION or PACKAGE.MODULE:FUNCTION")
    found: Any = find_module(place)
    shown = os.path.basename(place) if _is_file(place) else place
    for attribute in path.split("."):
        try:
            found = getattr(found, attribute)
        except AttributeError:
            raise NoTask(_no_function(found, attribute, shown)) from None
        except Exception as error:  # a module's __getattr__ may raise anything
            raise _import_failed(shown, error) from None
    if not callable(found):
        raise NoTask(f"{path!r} in {shown} is not a function but {type(found).__name__}")
    return found


def find_module(place: str) -> ModuleType:
    """Return the module of a file or of a dotted name. Raises :class:`NoTask`, and MemoryError."""
    if _is_file(place):
        return _load_file(place)
    if "/" in place or os.sep in place:
        raise NoTask(f"{place!r} is neither a .py file nor a module name")
    try:
        return importlib.import_module(place)
    except MemoryError:
        raise
    except ModuleNotFoundError as error:
        if error.name is None or not (place + ".").startswith(error.name + "."):
            raise _import_failed(place, error) from None  # a module that it needs
        where = f"no module {error.name!r}" + (f" (of {place!r})" if error.name != place else "")
        raise NoTask(f"{where} for {sys.executable}: it is in none of {sys.path}") from None
    except BaseException as error:
        raise _import_failed(place, error) from None


def _is_file(place: str) -> bool:
    return place.endswith(".py")


def _load_file(path: str) -> ModuleType:
    real = os.path.realpath(os.path.join(_origin, path))
    if real in _files:
        return _files[real]
    if not os.path.isfile(real):
        raise NoTask(_no_file(path))
    folder, base = os.path.split(real)
    if folder not in sys.path:
        sys.path.insert(0, folder)
    name = base[: -len(".py")]
    module = sys.modules.get(name)
    if not _is_from(module, real):
        module = _run_file(_free_name(name), real, base)
    _files[real] = module
    return module


def _is_from(module: ModuleType | None, real: str) -> bool:
    """Report whether ``module`` was already imported from the file ``real``, by another module."""
    origin = getattr(module, "__file__", None)
    return isinstance(origin, str) and os.path.realpath(origin) == real


def _free_name(name: str) -> str:
    """Return a module name that is not taken: ``name``, unless a file is called like an imported module."""
    number = 2
    free = name
    while free in sys.modules:
        free = f"{name}__{number}"
        number += 1
    return free


def _run_file(name: str, real: str, shown: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, real)
    assert spec is not None and spec.loader is not None  # the name ends in .py
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # before it runs: dataclasses and pickle look there
    try:
        spec.loader.exec_module(module)
    except BaseException as error:
        sys.modules.pop(name, None)
        if isinstance(error, MemoryError):
            raise
        raise _import_failed(shown, error) from None
    return sys.modules.get(name, module)


def _import_failed(shown: str, error: BaseException) -> NoTask:
    message = f"{shown} cannot be loaded: {type(error).__name__}: {failures.message_of(error)}"
    if not issubclass(type(error), SyntaxError):  # whose own text has the place
        message += _location(error)
    if issubclass(type(error), SystemExit):
        message += " (code that is to run only as a program belongs under: if __name__ == '__main__')"
    elif issubclass(type(error), ImportError) and "no known parent package" in failures.message_of(error):
        message += " (name it as PACKAGE.MODULE:FUNCTION, then relative imports work)"
    # The location lines of a SyntaxError are part of the traceback's text.
    return NoTask(message, failures.traceback_of(error))


def _location(error: BaseException) -> str:
    """Return where ``error`` was raised, for messages that travel without the traceback."""
    frame = failures.own_frames_cut(error.__traceback__)
    if frame is None:
        return ""
    while frame.tb_next is not None:
        frame = frame.tb_next
    return f" ({os.path.basename(frame.tb_frame.f_code.co_filename)}, line {frame.tb_lineno})"


def _no_file(path: str) -> str:
    folder, base = os.path.split(os.path.realpath(os.path.join(_origin, path)))
    if not os.path.isdir(folder):
        return f"no file {path!r}: there is no folder {folder}"
    others = [name for name in os.listdir(folder) if name.endswith(".py")]
    return f"no file {path!r} in {_origin}" + _did_you_mean(base, others)


def _no_function(holder: Any, attribute: str, shown: str) -> str:
    functions = [name for name, value in getattr(holder, "__dict__", {}).items() if _is_own_function(value, holder)]
    public = sorted(name for name in functions if not name.startswith("_"))
    listed = ", ".join(public[:_MAX_LISTED]) + (", …" if len(public) > _MAX_LISTED else "")
    where = shown if hasattr(holder, "__spec__") else f"{getattr(holder, '__name__', 'an object')} of {shown}"
    has = f"it has: {listed}" if listed else "it has no functions"
    return f"no function {attribute!r} in {where}{_did_you_mean(attribute, functions)}; {has}"


def _is_own_function(value: object, holder: object) -> bool:
    """Report whether ``value`` was defined in ``holder``, not imported into it."""
    home = getattr(value, "__module__", None)
    return callable(value) and home in (getattr(holder, "__name__", None), getattr(holder, "__module__", None))


def _did_you_mean(word: str, others: list[str]) -> str:
    try:
        from difflib import get_close_matches

        close = get_close_matches(word, others, 1)
    except ImportError:  # a task has changed where modules are found
        return ""
    return f"; did you mean {close[0]!r}?" if close else ""


def _is_async(function: Any) -> bool:
    """Report whether calling ``function`` gives a coroutine, as inspect.iscoroutinefunction does."""
    while isinstance(function, functools.partial):
        function = function.func
    for candidate in (function, getattr(function, "__func__", None), getattr(type(function), "__call__", None)):
        code = getattr(candidate, "__code__", None)
        if code is not None and code.co_flags & _COROUTINE:
            return True
    return False


def _in_event_loop(function: Callable[[Any], Coroutine[Any, Any, Any]]) -> Function:
    import asyncio

    async def run(value: Any) -> Any:
        # A frame of this program behind those of asyncio: tracebacks begin after it.
        return await function(value)

    @functools.wraps(function, ())  # for the annotations
    def call(value: Any) -> Any:
        return asyncio.run(run(value))

    return call


def _takes_view(function: Any) -> bool:
    """Report whether the first parameter is annotated ``memoryview``."""
    skip = 0
    for _ in range(_MAX_WRAPPERS):
        if isinstance(function, functools.partial):
            skip += len(function.args)
            function = function.func
        elif hasattr(function, "__wrapped__"):
            function = function.__wrapped__
        elif hasattr(function, "__func__"):  # a bound method
            skip += 1
            function = function.__func__
        else:
            break
    code = getattr(function, "__code__", None)
    if code is None:
        call = getattr(type(function), "__call__", None)
        code = getattr(call, "__code__", None)
        if code is None:
            return False
        function, skip = call, skip + 1
    try:
        annotations = function.__annotations__
        annotation = annotations.get(code.co_varnames[: code.co_argcount][skip])
    except Exception:  # no such parameter, or annotations that cannot be evaluated
        return False
    return annotation is memoryview or (isinstance(annotation, str) and annotation.strip("'\"") == "memoryview")
