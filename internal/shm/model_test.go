//go:build unix && !aix && !solaris

package shm_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/gotandem/tandem/internal/shm"
)

// model drives a worker side with random operations beside an oracle: how many
// bytes of the stream the socket has taken, and the committed ones after those.
type model struct {
	t      *testing.T
	random *rand.Rand
	worker *shm.Box
	post   *shm.Box // a box of the same shape, where the parent looks at snapshots

	received uint64
	rest     []byte
}

// B3: whatever the moment of death, what was received and what is salvaged are
// the committed stream.
func TestModelB3DeathAtEveryStore(t *testing.T) {
	for seed := range uint64(20) {
		random := rand.New(rand.NewPCG(seed, 1))
		size := 1 + random.IntN(300)
		_, worker := newPair(t, 1, size)
		post, _ := newPair(t, 1, size)
		m := &model{t: t, random: random, worker: worker, post: post}
		for step := range 500 {
			switch random.IntN(4) {
			case 0, 1:
				m.append(size)
			case 2:
				m.send()
			case 3:
				m.direct(size)
			}
			m.die(worker.Snapshot(), m.received, m.rest)
			if t.Failed() {
				t.Fatalf("seed %d, step %d, size %d", seed, step, size)
			}
		}
	}
}

func (m *model) bytes(n int) []byte {
	frame := make([]byte, n)
	for i := range frame {
		frame[i] = byte(m.random.Uint32())
	}
	return frame
}

// append dies after the copy and before the store of committed.
func (m *model) append(size int) {
	frame := m.bytes(m.random.IntN(size + 2))
	base, committed := shm.Positions(m.worker.Snapshot())
	fits := uint64(len(frame)) <= uint64(size)-(committed-base)
	if got := m.worker.Append(frame); got != fits {
		m.t.Errorf("Append of %d with %d of %d used = %v", len(frame), committed-base, size, got)
	}
	if !fits {
		return
	}
	torn := m.worker.Snapshot()
	shm.SetPositions(torn, base, committed)
	m.die(torn, m.received, m.rest)
	m.rest = append(m.rest, frame...)
}

// send dies after the socket took the bytes and before Sent.
func (m *model) send() {
	pending := m.worker.Pending()
	if !bytes.Equal(pending, m.rest) {
		m.t.Errorf("Pending = %x, want %x", pending, m.rest)
	}
	n := m.random.IntN(len(pending) + 1)
	if m.random.IntN(2) == 0 {
		n = len(pending)
	}
	m.take(n)
}

func (m *model) take(n int) {
	m.received += uint64(n)
	m.rest = m.rest[n:]
	m.die(m.worker.Snapshot(), m.received, m.rest)
	m.worker.Sent(n)
}

// direct dies within the write, after it, and between the two stores.
func (m *model) direct(size int) {
	m.take(len(m.rest))
	n := uint64(size + m.random.IntN(size+1))
	before := m.worker.Snapshot()
	m.die(before, m.received+m.random.Uint64N(n+1), nil)

	m.received += n
	m.die(before, m.received, nil)
	m.worker.Direct(n)
	half := m.worker.Snapshot()
	_, committed := shm.Positions(half)
	base, _ := shm.Positions(before)
	shm.SetPositions(half, base, committed)
	m.die(half, m.received, nil)
}

// die lets the parent look at a snapshot.
func (m *model) die(snapshot []byte, received uint64, want []byte) {
	m.t.Helper()
	m.post.Restore(snapshot)
	if err := m.post.Check(received); err != nil {
		m.t.Errorf("Check: %v", err)
	}
	if got := m.post.Salvage(received); !bytes.Equal(got, want) {
		m.t.Errorf("salvaged %x after %d, want %x", got, received, want)
	}
}

// Hostile words never make the parent read outside the buffer, and are
// reported.
func TestSalvageHostileHeader(t *testing.T) {
	const top = math.MaxUint64
	parent, _ := newPair(t, 1, 64)
	fresh := parent.Snapshot()
	cases := []struct {
		name                      string
		base, committed, received uint64
	}{
		{"base after committed", 2, 1, 1},
		{"base after received", 2, 3, 1},
		{"span of size+1", 0, 65, 0},
		{"span of size+1, partly received", 0, 65, 64},
		{"committed at the top", 0, top, 0},
		{"span wraps", top, 10, 5},
		{"base at the top", top, top, 0},
	}
	for _, c := range cases {
		snapshot := bytes.Clone(fresh)
		shm.SetPositions(snapshot, c.base, c.committed)
		parent.Restore(snapshot)
		if rest := parent.Salvage(c.received); rest != nil {
			t.Errorf("%s: salvaged %d bytes", c.name, len(rest))
		}
		if err := parent.Check(c.received); !errors.Is(err, shm.ErrInvalid) {
			t.Errorf("%s: Check = %v, want ErrInvalid", c.name, err)
		}
	}
	for _, offset := range []int{0, 4, 24} { // magic, threads, size
		snapshot := bytes.Clone(fresh)
		binary.NativeEndian.PutUint32(snapshot[offset:], 0xffffffff)
		shm.SetPositions(snapshot, 0, 8)
		parent.Restore(snapshot)
		if parent.Salvage(0) != nil || !errors.Is(parent.Check(0), shm.ErrInvalid) {
			t.Errorf("word at %d overwritten: not noticed", offset)
		}
	}
}

// Random headers: no panic, and never more than the buffer.
func TestSalvageRandomHeader(t *testing.T) {
	parent, _ := newPair(t, 1, 64)
	fresh := parent.Snapshot()
	random := rand.New(rand.NewPCG(7, 7))
	number := func() uint64 { return random.Uint64() >> random.IntN(64) }
	for range 20000 {
		shm.SetPositions(fresh, number(), number())
		parent.Restore(fresh)
		if rest := parent.Salvage(number()); len(rest) > 64 {
			t.Fatalf("salvaged %d bytes from a buffer of 64", len(rest))
		}
	}
}

// Append goes on while another goroutine writes what was pending: under one
// lock the stream arrives whole and in order (B1).
func TestConcurrentAppendAndSend(t *testing.T) {
	const total = 20000
	_, worker := newPair(t, 1, 64)
	var mu sync.Mutex
	room := sync.NewCond(&mu)
	var appender sync.WaitGroup
	appender.Go(func() {
		var frame [8]byte
		for i := range uint64(total) {
			binary.NativeEndian.PutUint64(frame[:], i)
			mu.Lock()
			for !worker.Append(frame[:]) {
				room.Wait()
			}
			room.Signal()
			mu.Unlock()
		}
	})
	var stream []byte
	for len(stream) < total*8 {
		mu.Lock()
		for len(worker.Pending()) == 0 {
			room.Wait()
		}
		pending := worker.Pending()
		mu.Unlock()
		stream = append(stream, pending...) // the write, without the lock
		mu.Lock()
		worker.Sent(len(pending))
		room.Signal()
		mu.Unlock()
	}
	appender.Wait()
	for i := range uint64(total) {
		if got := binary.NativeEndian.Uint64(stream[i*8:]); got != i {
			t.Fatalf("frame %d is %d", i, got)
		}
	}
}
