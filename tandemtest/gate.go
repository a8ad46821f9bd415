package tandemtest

import (
	"bufio"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// Patience is how long the suite waits for an event that must come. Longer
// delays the report of a hang; shorter reports a busy machine as one.
const Patience = 60 * time.Second

// A Gate leads tasks of the kind hold, in whatever process they run: it tells
// the test that they have started, and them how to end.
type Gate struct {
	listener net.Listener
	running  sync.WaitGroup

	mu       sync.Mutex
	changed  chan struct{} // closed and replaced at each arrival
	arrivals []*Visit      // not yet awaited
	started  map[string]int
	conns    map[net.Conn]struct{}
	closed   bool
}

// A Visit is one attempt of a hold that has started.
type Visit struct {
	Key string
	PID int // of the process that runs it

	conn     net.Conn
	canceled chan struct{} // closed when the task has said so
	gone     chan struct{} // closed when the connection has
}

// NewGate opens a gate. It closes with the test, which ends the holds that are
// still there with an error.
func NewGate(t testing.TB) *Gate {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g := &Gate{
		listener: listener,
		changed:  make(chan struct{}),
		started:  make(map[string]int),
		conns:    make(map[net.Conn]struct{}),
	}
	g.running.Go(g.serve)
	t.Cleanup(g.Close)
	return g
}

// Close ends all connections and waits until nothing of the gate runs.
func (g *Gate) Close() {
	g.listener.Close()
	g.mu.Lock()
	g.closed = true
	for conn := range g.conns {
		conn.Close()
	}
	g.mu.Unlock()
	g.running.Wait()
}

// Hold returns the input of a hold that will arrive under key, which is one word.
func (g *Gate) Hold(key string) Hold {
	return Hold{Gate: g.listener.Addr().String(), Key: key}
}

// Deaf is Hold for a task that ignores the end of its context.
func (g *Gate) Deaf(key string) Hold {
	in := g.Hold(key)
	in.Deaf = true
	return in
}

// Started returns how many holds have arrived under key so far.
func (g *Gate) Started(key string) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.started[key]
}

// Await blocks until a hold arrives under key and returns it, each one once. An
// empty key means any.
func (g *Gate) Await(t testing.TB, key string) *Visit {
	t.Helper()
	patience := time.NewTimer(Patience)
	defer patience.Stop()
	for {
		v, changed := g.take(key)
		if v != nil {
			return v
		}
		select {
		case <-changed:
		case <-patience.C:
			t.Fatalf("no hold with key %q has started within %v", key, Patience)
		}
	}
}

// take returns an arrival, or nil and a channel that tells of the next.
func (g *Gate) take(key string) (*Visit, <-chan struct{}) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for i, v := range g.arrivals {
		if key == "" || v.Key == key {
			g.arrivals = append(g.arrivals[:i:i], g.arrivals[i+1:]...)
			return v, nil
		}
	}
	return nil, g.changed
}

func (g *Gate) serve() {
	for {
		conn, err := g.listener.Accept()
		if err != nil {
			return // closed
		}
		g.mu.Lock()
		if g.closed {
			conn.Close()
		} else {
			g.conns[conn] = struct{}{}
			g.running.Go(func() { g.attend(conn) })
		}
		g.mu.Unlock()
	}
}

// attend reads what a hold sends until it is gone.
func (g *Gate) attend(conn net.Conn) {
	v := &Visit{conn: conn, canceled: make(chan struct{}), gone: make(chan struct{})}
	lines := bufio.NewScanner(conn)
	for lines.Scan() {
		switch words := strings.Fields(lines.Text()); {
		case len(words) == 3 && words[0] == "start" && v.Key == "":
			v.Key = words[1]
			v.PID, _ = strconv.Atoi(words[2]) // 0 tells that the worker is wrong
			g.arrive(v)
		case len(words) == 1 && words[0] == "canceled":
			close(v.canceled)
		}
	}
	close(v.gone)
	conn.Close()
	g.mu.Lock()
	delete(g.conns, conn)
	g.mu.Unlock()
}

func (g *Gate) arrive(v *Visit) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.started[v.Key]++
	g.arrivals = append(g.arrivals, v)
	close(g.changed)
	g.changed = make(chan struct{})
}

// Return makes the task return text.
func (v *Visit) Return(text string) { v.tell("return " + text) }

// Fail makes the task end with an error.
func (v *Visit) Fail(text string) { v.tell("fail " + text) }

// Exit makes the task end its process.
func (v *Visit) Exit(status int) { v.tell("exit " + strconv.Itoa(status)) }

// tell sends a line. A task that is gone already does not hear it.
func (v *Visit) tell(line string) { fmt.Fprintln(v.conn, line) }

// AwaitCanceled blocks until the task has seen the end of its context.
func (v *Visit) AwaitCanceled(t testing.TB) {
	t.Helper()
	await(t, v.canceled, "hold "+v.Key+" to be canceled")
}

// AwaitGone blocks until the task has ended, or its process has.
func (v *Visit) AwaitGone(t testing.TB) {
	t.Helper()
	await(t, v.gone, "hold "+v.Key+" to end")
}

// await blocks until ch is closed.
func await[T any](t testing.TB, ch <-chan T, what string) {
	t.Helper()
	patience := time.NewTimer(Patience)
	defer patience.Stop()
	select {
	case <-ch:
	case <-patience.C:
		t.Fatalf("waited %v for %s", Patience, what)
	}
}
