"""A small site that stands for the web: it prints the addresses of its files,
serves each once, and ends.

    python3 site.py 1000
"""

import hashlib
import http.server
import os
import random
import sys
import threading

IDLE = 60  # seconds without a request after which nobody will come


def readings(number):
    """Return the file of that number: 100 readings as CSV."""
    draw = random.Random(number).randrange
    return "".join(["second,value\n"] + [f"{second},{draw(1000)}\n" for second in range(100)]).encode()


class File(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = readings(int(self.path[1:].partition(".")[0]))
        self.send_response(200)
        self.send_header("Content-Type", "text/csv")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-SHA256", hashlib.sha256(body).hexdigest())
        self.end_headers()
        self.wfile.write(body)
        self.server.served.release()

    def log_message(self, *args):
        pass


class Site(http.server.ThreadingHTTPServer):
    request_queue_size = 256  # connections that may wait: more than the threads that fetch
    served = threading.Semaphore(0)


def main(files):
    with Site(("127.0.0.1", 0), File) as site:
        threading.Thread(target=site.serve_forever, daemon=True).start()
        for number in range(1, files + 1):
            print(f"http://127.0.0.1:{site.server_port}/{number:04}.csv")
        sys.stdout.flush()
        os.close(1)  # the end of the list, for whoever reads it
        for _ in range(files):
            if not site.served.acquire(timeout=IDLE):
                sys.exit("site.py: nobody fetches")
        site.shutdown()


if __name__ == "__main__":
    main(int(sys.argv[1]))
