// Command service is a web server whose endpoint computes in worker processes. A
// crash, a hang and a client that goes away cost one request.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"

	"github.com/gotandem/tandem"
	"github.com/gotandem/tandem/process"
	"github.com/gotandem/tandem/worker"
)

// countPrimes has two inputs that stand for bugs.
var countPrimes = tandem.Define("countPrimes", func(_ context.Context, below int) (int, error) {
	switch below {
	case 13:
		os.Exit(13) // a crash, as in a C library
	case 7:
		select {} // a wait without an end
	}
	sieve := make([]bool, max(below, 2))
	count := 0
	for n := 2; n < below; n++ {
		if sieve[n] {
			continue
		}
		count++
		for m := n * n; m < below; m += n {
			sieve[m] = true
		}
	}
	return count, nil
})

func main() {
	worker.Main(countPrimes)

	addr := flag.String("addr", "127.0.0.1:8080", "listen on `HOST:PORT`")
	timeout := flag.Duration("timeout", 2*time.Second, "end a computation that takes longer")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *addr, *timeout); err != nil {
		log.Fatal(err)
	}
}

// run serves until ctx ends, then finishes the requests that it has.
func run(ctx context.Context, addr string, timeout time.Duration) error {
	ex, err := process.New(process.Config{Workers: 2, Queue: 100})
	if err != nil {
		return err
	}
	defer ex.Close(context.Background())
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	log.Printf("listening on http://%s", listener.Addr())

	mux := http.NewServeMux()
	mux.Handle("GET /primes", primes{ex, timeout})
	server := http.Server{Handler: mux}
	stopped := make(chan error, 1)
	defer context.AfterFunc(ctx, func() { stopped <- server.Shutdown(context.Background()) })()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return <-stopped
}

// primes is the endpoint.
type primes struct {
	executor tandem.Executor
	timeout  time.Duration
}

func (p primes) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	below, err := strconv.Atoi(r.FormValue("below"))
	if err != nil || below < 0 || below > 100_000_000 {
		http.Error(w, fmt.Sprintf("below is %q: want a number from 0 to 100000000", r.FormValue("below")), http.StatusBadRequest)
		return
	}
	count, err := p.count(r.Context(), below)
	if err != nil {
		http.Error(w, err.Error(), status(err))
		return
	}
	fmt.Fprintln(w, count)
}

// count does not wait for a place in the queue: a server that is behind says so.
func (p primes) count(ctx context.Context, below int) (int, error) {
	future, err := tandem.TrySubmit(ctx, p.executor, countPrimes, below, tandem.Timeout(p.timeout))
	if err != nil {
		return 0, err
	}
	return future.Wait(ctx)
}

// status returns what a failure is called on the web.
func status(err error) int {
	switch {
	case errors.Is(err, tandem.ErrTimeout):
		return http.StatusGatewayTimeout
	case errors.Is(err, tandem.ErrWorkerLost):
		return http.StatusBadGateway
	case errors.Is(err, tandem.ErrFull), errors.Is(err, tandem.ErrClosed):
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}
