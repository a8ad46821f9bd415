package worker

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"reflect"
	"runtime"
	"sync"
	"syscall"

	"github.com/gotandem/tandem"
	"github.com/gotandem/tandem/internal/codec"
	"github.com/gotandem/tandem/internal/fault"
	"github.com/gotandem/tandem/internal/osproc"
	"github.com/gotandem/tandem/internal/shm"
	"github.com/gotandem/tandem/internal/wire"
)

// server is one worker process. Its reader takes frames from the socket and
// fills the inbox; its threads run calls from the inbox and fill the outbox.
type server struct {
	conn   *net.UnixConn
	box    *shm.Box
	reader *wire.Reader
	tasks  map[string]tandem.AnyTask
	codec  codec.Binary

	// Set by setup, immutable after.
	maxFrame uint32
	measure  bool // answers begin with what was measured
	threads  []*thread

	inbox  inbox
	outbox *outbox
	ends   sync.WaitGroup // threads

	numbers map[uint16]*served // owned by the reader
}

// open takes over the descriptors that the gate names.
func open(gate wire.Gate, tasks map[string]tandem.AnyTask) (*server, error) {
	if gate.Version != wire.Version {
		return nil, fmt.Errorf("parent speaks protocol version %d, this worker %d: build both from the same source", gate.Version, wire.Version)
	}
	conn, err := osproc.ConnFromFD(gate.Socket)
	if err != nil {
		return nil, fmt.Errorf("socket: %w", err)
	}
	box, err := shm.Open(gate.BlackBox)
	if err != nil {
		return nil, fmt.Errorf("black box: %w", err)
	}
	return &server{
		conn:    conn,
		box:     box,
		reader:  wire.NewReader(conn, 0),
		tasks:   tasks,
		numbers: make(map[uint16]*served),
		outbox:  newOutbox(conn, box),
	}, nil
}

// serve shakes hands and serves until the parent says stop, which is a nil
// error, or is gone.
func (s *server) serve(nonce string) error {
	setup, err := s.awaitSetup()
	if err != nil {
		return err
	}
	memory := ""
	if setup.Memory > 0 {
		memory, err = osproc.LimitMemory(int64(setup.Memory))
		if err != nil {
			fmt.Fprintf(os.Stderr, "tandem worker: no memory limit by rlimit: %v\n", err)
		}
	}
	fault.At(fault.Hello)
	if err := s.sayHello(nonce, memory); err != nil {
		return err
	}
	s.maxFrame, s.measure = setup.MaxFrame, setup.Measure
	s.reader.SetLimit(max(setup.MaxFrame, leastLimit))
	s.inbox.init()
	for i := range setup.Threads {
		t := newThread(s, i)
		s.threads = append(s.threads, t)
		s.ends.Go(t.run)
	}
	endBySocket()
	runtime.UnlockOSThread()
	if err := s.read(); err != nil {
		return err
	}
	fault.At(fault.Drain)
	s.inbox.close()
	s.ends.Wait()
	return s.outbox.close()
}

// leastLimit is the frame limit for what is no value, such as the names and types
// of tasks.
const leastLimit = 1 << 20

// errParentGone says that the other end of the socket was closed.
var errParentGone = errors.New("parent is gone")

func (s *server) awaitSetup() (wire.Setup, error) {
	h, body, err := s.reader.Next()
	if err != nil {
		return wire.Setup{}, fmt.Errorf("setup: %w", err)
	}
	if h.Type != wire.TypeSetup {
		return wire.Setup{}, fmt.Errorf("first frame is %v: want setup", h.Type)
	}
	return wire.ParseSetup(body)
}

func (s *server) sayHello(nonce, memory string) error {
	hello := wire.Hello{Nonce: nonce, Runtime: runtime.Version(), PID: os.Getpid(), Memory: memory}
	for name, t := range s.tasks {
		in, out := t.Types()
		hello.Tasks = append(hello.Tasks, wire.TaskInfo{Name: name, In: codec.Signature(in), Out: codec.Signature(out)})
	}
	frame, start := wire.BeginFrame(nil)
	frame, err := hello.Append(frame)
	if err != nil {
		return err
	}
	s.outbox.append(wire.EndFrame(frame, start, wire.Header{Type: wire.TypeHello}))
	return s.outbox.flush()
}

// read handles frames until stop, which is a nil error.
func (s *server) read() error {
	for {
		h, body, err := s.reader.Next()
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) {
			return errParentGone
		}
		if err != nil {
			return err
		}
		switch h.Type {
		case wire.TypeDefine:
			err = s.define(h, body)
		case wire.TypeCall:
			err = s.accept(h, body)
		case wire.TypeCancel:
			s.cancel(h)
		case wire.TypeRecall:
			s.recall(h)
		case wire.TypeStop:
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// define gives a task its number. A task that this program lacks is remembered
// as nil: its calls fail, the worker goes on.
func (s *server) define(h wire.Header, body []byte) error {
	d, err := wire.ParseDefine(body)
	if err != nil {
		return err
	}
	s.numbers[h.Task] = nil
	if t := s.tasks[d.Name]; t != nil {
		_, out := t.Types()
		s.numbers[h.Task] = &served{t, wire.Codec(s.codec.ID(reflect.New(out).Interface()))}
	}
	return nil
}

// accept puts the calls of a frame into the inbox.
func (s *server) accept(h wire.Header, body []byte) error {
	inputs, err := wire.ParsePayloads(h, append([]byte(nil), body...)) // body is the reader's
	if err != nil {
		return err
	}
	task, timeout := s.numbers[h.Task], inputs.Timeout()
	calls := make([]call, 0, h.Count)
	for id := h.ID; inputs.Left() > 0; id++ {
		input, _ := inputs.Next()
		calls = append(calls, call{id: id, task: task, input: input, timeout: timeout})
	}
	fault.At(fault.Decode)
	s.inbox.put(calls)
	return nil
}

// cancel gives back the calls that have not started and cancels the others.
func (s *server) cancel(h wire.Header) {
	for id := h.ID; id < h.ID+uint64(h.Count); id++ {
		if s.inbox.remove(id) {
			s.sayReturned(id, 1)
			continue
		}
		for _, t := range s.threads {
			t.cancel(id)
		}
	}
}

// recall gives back calls that have not started. It is always answered.
func (s *server) recall(h wire.Header) {
	first, count := s.inbox.removeLast(int(h.Count))
	s.sayReturned(first, uint32(count))
}

func (s *server) sayReturned(id uint64, count uint32) {
	s.outbox.append(wire.AppendHeader(nil, wire.Header{Type: wire.TypeReturned, ID: id, Count: count}))
	s.outbox.flushSoon()
}
