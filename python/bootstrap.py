# Read from the socket by python3 -u -c, before anything else. It takes the setup
# frame from there, makes the program in it importable, and hands over. It also runs
# on interpreters that are too old for the program, to say so; so nothing newer than
# Python 2.7.
import sys

# With -c the current folder comes first on the path. A file of the user that is
# called like a module of the standard library must not become part of this.
FOLDER_FIRST = sys.path[:1] == [""]
if FOLDER_FIRST:
    del sys.path[0]

import json  # noqa: E402
import os  # noqa: E402
import struct  # noqa: E402
import zlib  # noqa: E402


def fatal(message):
    """Tell the parent why there is no worker, and exit."""
    body = json.dumps({"kind": "start", "type": "", "message": message, "chain": [], "traceback": ""}).encode("ascii")
    head = struct.pack("<BBBBIQIHHHBB", 0x74, 1, 3, 0, len(body), 0, 0, 0, 0, 0, 0, 0)
    os.write(SOCKET, head + struct.pack("<I", zlib.crc32(head) & 0xFFFFFFFF) + body)
    die(message)


def die(message):
    """Exit with a line for people."""
    os.write(2, ("tandem worker: " + message + "\n").encode("utf-8", "replace"))
    os._exit(1)


def read(count):
    """Return exactly count bytes of the socket. Its end is the end of the worker."""
    parts = []
    while count:
        try:
            part = os.read(SOCKET, min(count, 1 << 20))
        except OSError:  # a parent that died with bytes unread resets the connection
            part = b""
        if not part:
            os._exit(1)
        parts.append(part)
        count -= len(part)
    return b"".join(parts)


def read_setup():
    """Return the setup frame: header and body."""
    head = read(32)
    magic, version, kind, flags, length = struct.unpack_from("<BBBBI", head)
    crc = struct.unpack_from("<I", head, 28)[0]
    if (magic, version, kind, flags) != (0x74, 1, 1, 0) or crc != zlib.crc32(head[:28]) & 0xFFFFFFFF:
        die("the first frame is not the setup frame of protocol version 1")
    if length > 16 << 20:
        die("the setup frame has %d bytes, more than 16 MiB" % length)
    return head + read(length)


def close_on_exec():
    """Keep both descriptors from the children of this process, on old interpreters too."""
    import fcntl

    for fd in (SOCKET, BOX):
        fcntl.fcntl(fd, fcntl.F_SETFD, fcntl.fcntl(fd, fcntl.F_GETFD) | fcntl.FD_CLOEXEC)


class Program:
    """Imports the modules of the worker program from memory. Tracebacks find
    their source through get_source."""

    def __init__(self, sources):
        self.sources = sources

    def find_spec(self, name, path=None, target=None):
        if name not in self.sources:
            return None
        from importlib.machinery import ModuleSpec

        package = name == "tandem_worker"
        spec = ModuleSpec(name, self, origin=self.filename(name), is_package=package)
        spec.has_location = True
        return spec

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        name = module.__name__
        exec(compile(self.sources[name], self.filename(name), "exec"), module.__dict__)

    def get_source(self, name):
        return self.sources[name]

    @staticmethod
    def filename(name):
        return "<tandem>/" + (name.partition(".")[2] or "__init__") + ".py"


GATE = os.environ.pop("TANDEM_WORKER", "")
try:
    VERSION, SOCKET, BOX = (int(part) for part in GATE.split(":")[:3])
    NONCE = GATE.split(":")[3]
    close_on_exec()
except (ValueError, IndexError, OSError):
    die("this program is started by the tandem engine: TANDEM_WORKER is %r" % GATE)
if VERSION != 1:
    die("the engine speaks protocol version %d, this program version 1" % VERSION)

FRAME = read_setup()
if sys.version_info < (3, 9):
    fatal("%s is Python %s: tandem needs Python 3.9 or newer" % (sys.executable, sys.version.split()[0]))
try:
    PROGRAM = json.loads(FRAME[32:].decode("utf-8"))["options"].pop("program")
except (ValueError, LookupError, TypeError, AttributeError) as error:
    die("the setup frame brings no program: %r" % (error,))

IMPORTER = Program(PROGRAM)
sys.meta_path.insert(0, IMPORTER)
from tandem_worker import start  # noqa: E402

sys.meta_path.remove(IMPORTER)
if FOLDER_FIRST:
    sys.path.insert(0, os.getcwd())  # stays the same when a task changes the folder
start.main(start.Gate(SOCKET, BOX, NONCE), FRAME)
