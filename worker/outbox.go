package worker

import (
	"net"
	"sync"
	"time"

	"github.com/gotandem/tandem/internal/fault"
	"github.com/gotandem/tandem/internal/shm"
)

const (
	// boxFull is how many bytes may wait before they are sent at once.
	boxFull = 32 << 10

	// linger is how long a frame may wait for others while calls go on.
	linger = time.Millisecond
)

// outbox collects frames in the black box and sends them, many at a time. What
// is in it survives this process.
type outbox struct {
	conn *net.UnixConn
	box  *shm.Box

	mu      sync.Mutex
	sent    sync.Cond // writing has ended
	writing bool      // somebody writes to the socket, without the lock
	armed   bool      // the timer will flush
	timer   *time.Timer
	err     error // of the socket; final
}

func newOutbox(conn *net.UnixConn, box *shm.Box) *outbox {
	o := &outbox{conn: conn, box: box}
	o.sent.L = &o.mu
	o.timer = time.AfterFunc(time.Hour, o.flushLate)
	o.timer.Stop()
	return o
}

// append adds a frame and reports whether enough waits to be worth sending. It
// blocks only while the box is full and the parent does not read.
func (o *outbox) append(frame []byte) (full bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for !o.box.Append(frame) && o.err == nil {
		if o.writing {
			o.sent.Wait()
		} else if len(o.box.Pending()) > 0 {
			o.writeLocked()
		} else {
			o.writeDirectLocked(frame)
			return false
		}
	}
	if !o.armed {
		o.armed = true
		o.timer.Reset(linger)
	}
	return !o.writing && len(o.box.Pending()) >= boxFull
}

// flush sends what waits, unless somebody else is sending: then that goes on
// until nothing waits.
func (o *outbox) flush() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	for !o.writing && len(o.box.Pending()) > 0 && o.err == nil {
		o.writeLocked()
	}
	return o.err
}

// flushSoon sends what waits from another goroutine.
func (o *outbox) flushSoon() { o.timer.Reset(0) }

// flushLate is the timer's flush.
func (o *outbox) flushLate() {
	o.mu.Lock()
	o.armed = false
	o.mu.Unlock()
	o.flush()
}

// writeLocked sends what waits; the lock is released meanwhile.
func (o *outbox) writeLocked() {
	o.writing = true
	pending := o.box.Pending()
	o.mu.Unlock()
	n, err := o.write(pending)
	o.mu.Lock()
	o.writing = false
	o.box.Sent(n)
	o.note(err)
	o.sent.Broadcast()
}

// write writes p to the socket.
func (o *outbox) write(p []byte) (int, error) {
	if !fault.Armed() {
		return o.conn.Write(p)
	}
	n, err := o.conn.Write(p[:len(p)/2])
	if err != nil {
		return n, err
	}
	fault.At(fault.MidFrame)
	rest, err := o.conn.Write(p[n:])
	return n + rest, err
}

// writeDirectLocked sends a frame that is too large for the box; the lock is
// kept, so that nothing comes between.
func (o *outbox) writeDirectLocked(frame []byte) {
	n, err := o.write(frame)
	o.box.Direct(uint64(n))
	o.note(err)
}

func (o *outbox) note(err error) {
	if o.err == nil {
		o.err = err
	}
}

// close sends what waits and returns the socket's error, if any.
func (o *outbox) close() error {
	o.mu.Lock()
	for o.writing {
		o.sent.Wait()
	}
	o.mu.Unlock()
	return o.flush()
}
