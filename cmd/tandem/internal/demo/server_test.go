package demo

import (
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/gotandem/tandem/internal/leaktest"
)

func TestPagesComeAfterTheirDelay(t *testing.T) {
	leaktest.Check(t)
	p, err := servePages()
	if err != nil {
		t.Fatal(err)
	}
	const delay = 30 * time.Millisecond
	began := time.Now()
	size, err := fetch(t.Context(), p.page(delay))
	if took := time.Since(began); err != nil || size != len(body) || took < delay {
		t.Errorf("%d bytes after %v, %v: want %d bytes after %v", size, took, err, len(body), delay)
	}
	if err := p.close(); err != nil {
		t.Error(err)
	}
	if _, err := fetch(t.Context(), p.page(delay)); err == nil {
		t.Error("a page was fetched from a server that is closed")
	}
}

func TestWrongPageIsAnError(t *testing.T) {
	p, err := servePages()
	if err != nil {
		t.Fatal(err)
	}
	defer p.close()
	_, err = fetch(t.Context(), "http://"+p.listener.Addr().String()+"/soon")
	if err == nil || !strings.Contains(err.Error(), "400 Bad Request") {
		t.Errorf("got %v", err)
	}
}

// A page that was cut off is not taken for a short one.
func TestPageThatEndsEarlyIsAnError(t *testing.T) {
	leaktest.Check(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &pages{listener: listener}
	p.serving.Go(func() {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		_, _ = io.WriteString(conn, "HTTP/1.0 200 OK\r\nContent-Length: 100\r\n\r\nshort")
		_ = conn.(*net.TCPConn).CloseWrite()
		_, _ = io.Copy(io.Discard, conn)
		conn.Close()
	})
	if size, err := fetch(t.Context(), p.page(0)); err == nil {
		t.Errorf("a page of 100 bytes that ends after 5 has %d", size)
	}
	if err := p.close(); err != nil {
		t.Error(err)
	}
}
