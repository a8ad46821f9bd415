//go:build unix

package process_test

import (
	"context"
	"io"
	"os"
	"os/exec"
	"slices"
	"testing"
	"time"

	"github.com/gotandem/tandem"
	"github.com/gotandem/tandem/internal/osproc"
	"github.com/gotandem/tandem/process"
)

func BenchmarkMap(b *testing.B) {
	ctx := context.Background()
	ex := start(b, process.Config{Workers: 2, HandshakeTimeout: 30 * time.Second})
	in := make([]int, 1000000)
	for b.Loop() {
		for _, err := range tandem.Map(ctx, ex, double, slices.Values(in)) {
			if err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(b.N)*1e6/b.Elapsed().Seconds(), "calls/s")
}

func BenchmarkOne(b *testing.B) {
	ctx := context.Background()
	ex := start(b, process.Config{Workers: 1, HandshakeTimeout: 30 * time.Second})
	for b.Loop() {
		if _, err := tandem.Run(ctx, ex, double, 1); err != nil {
			b.Fatal(err)
		}
	}
}

// message is how long a call with an integer is, with its header.
const message = 44

// BenchmarkPingPong is what BenchmarkOne can at best be: the same number of bytes
// to another process and back, on the same kind of socket.
func BenchmarkPingPong(b *testing.B) {
	conn, child, err := osproc.Socketpair()
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close()
	pong := exec.Command("/proc/self/exe")
	pong.Env = append(os.Environ(), modeVariable+"=socket-pong")
	pong.ExtraFiles = []*os.File{child}
	if err := pong.Start(); err != nil {
		b.Skip(err)
	}
	child.Close()
	buf := make([]byte, message)
	for b.Loop() {
		conn.Write(buf)
		if _, err := io.ReadFull(conn, buf); err != nil {
			b.Fatal(err)
		}
	}
	conn.Close()
	pong.Wait()
}

// playPong sends back what it receives on descriptor 3.
func playPong() {
	conn, err := osproc.ConnFromFD(3)
	if err != nil {
		os.Exit(1)
	}
	buf := make([]byte, message)
	for {
		if _, err := io.ReadFull(conn, buf); err != nil {
			return
		}
		conn.Write(buf)
	}
}
