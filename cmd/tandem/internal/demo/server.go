package demo

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// pages is a server on this machine that answers after a delay.
type pages struct {
	address string
	server  http.Server
	serving sync.WaitGroup
}

// body is what every page contains.
var body = strings.Repeat("tandem ", 300)

// servePages starts a server. Close it.
func servePages() (*pages, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("server for the pages: %w", err)
	}
	p := &pages{address: "http://" + listener.Addr().String()}
	p.server.Handler = http.HandlerFunc(answer)
	p.serving.Go(func() { _ = p.server.Serve(listener) }) // returns when the server is closed
	return p, nil
}

// answer waits as long as the query says, which is what makes work waiting work.
func answer(w http.ResponseWriter, r *http.Request) {
	delay, err := time.ParseDuration(r.URL.Query().Get("delay"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	timer := time.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-timer.C:
		_, _ = w.Write([]byte(body)) // a client that left needs no answer
	case <-r.Context().Done():
	}
}

// page returns the address of a page that comes after a delay.
func (p *pages) page(number int, delay time.Duration) string {
	return fmt.Sprintf("%s/%d?delay=%s", p.address, number, delay)
}

// close ends the server and returns when it has ended.
func (p *pages) close() error {
	client().CloseIdleConnections()
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	err := p.server.Shutdown(ctx)
	if err != nil {
		err = errors.Join(err, p.server.Close())
	}
	p.serving.Wait()
	return err
}
