"""A small site that stands for the web: it prints the addresses of its pages,
serves each once, and ends.

    python3 site.py 100
"""

import http.server
import os
import sys
import threading
import time

DELAY = 0.05  # seconds that a page takes, as from a network
IDLE = 60  # seconds without a request after which nobody will come


class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        time.sleep(DELAY)
        number = self.path.strip("/")
        body = f"<html><head><title>Page {number} &amp; more</title></head><body>Text.</body></html>".encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.server.served.release()

    def log_message(self, *args):
        pass


class Site(http.server.ThreadingHTTPServer):
    request_queue_size = 256  # connections that may wait: more than the threads that fetch
    served = threading.Semaphore(0)


def main(pages):
    with Site(("127.0.0.1", 0), Page) as site:
        threading.Thread(target=site.serve_forever, daemon=True).start()
        for number in range(1, pages + 1):
            print(f"http://127.0.0.1:{site.server_port}/{number}")
        sys.stdout.flush()
        os.close(1)  # the end of the list, for whoever reads it
        for _ in range(pages):
            if not site.served.acquire(timeout=IDLE):
                sys.exit("site.py: nobody fetches")
        site.shutdown()


if __name__ == "__main__":
    main(int(sys.argv[1]))
