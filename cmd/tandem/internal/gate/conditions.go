package gate

import "time"

// Delay is a [Condition]: so long must pass between two starts.
type Delay struct {
	between time.Duration
	next    time.Time
}

// NewDelay returns a condition that starts are at least so far apart.
func NewDelay(between time.Duration) *Delay { return &Delay{between: between} }

// Wait implements [Condition].
func (d *Delay) Wait(now time.Time, _ int) time.Duration { return max(0, d.next.Sub(now)) }

// Started implements [Condition].
func (d *Delay) Started(now time.Time) { d.next = now.Add(d.between) }

// loadInterval is how often the load is read. The kernel's number is of one moment:
// more often costs more than the answer is worth, seldom lets too many or too few start.
const loadInterval = time.Second

// Load is a [Condition]: the machine has less to do than limit. Between two readings
// it lets as many calls run as would reach the limit.
type Load struct {
	limit   int
	running func() int // of the machine: how many threads run or want to
	say     func(running int)
	said    bool
	read    time.Time // when it was read last
	allowed int       // of our calls, that may run until it is read again
}

// NewLoad returns a condition on what running returns. say is called when a call has
// to wait for the first time although none of ours runs.
func NewLoad(limit int, running func() int, say func(running int)) *Load {
	return &Load{limit: max(1, limit), running: running, say: say}
}

// Wait implements [Condition].
func (l *Load) Wait(now time.Time, running int) time.Duration {
	if l.read.IsZero() || now.Sub(l.read) >= loadInterval {
		others := l.running()
		l.read, l.allowed = now, running+l.limit-others
		if running == 0 && l.allowed <= 0 && !l.said {
			l.said = true
			l.say(others)
		}
	}
	if running < l.allowed {
		return 0
	}
	return l.read.Add(loadInterval).Sub(now)
}

// Started implements [Condition].
func (l *Load) Started(time.Time) {}

const (
	// memoryInterval is how old a reading of the memory may be at a start. Reading
	// takes some 50 µs.
	memoryInterval = 100 * time.Millisecond

	// memoryPause is how long to wait for memory before asking again. The kernel
	// tells of pressure, not of room.
	memoryPause = 500 * time.Millisecond
)

// Memory is a [Condition]: at least so much memory is free.
type Memory struct {
	least int64
	free  func() int64
	say   func(free int64)
	read  time.Time // when it was read last
	last  int64     // what it was
	said  bool
}

// NewMemory returns a condition on what free returns, in bytes. say is called when
// a call has to wait for the first time.
func NewMemory(least int64, free func() int64, say func(free int64)) *Memory {
	return &Memory{least: least, free: free, say: say}
}

// Wait implements [Condition].
func (m *Memory) Wait(now time.Time, _ int) time.Duration {
	if m.read.IsZero() || now.Sub(m.read) >= memoryInterval {
		m.read, m.last = now, m.free()
	}
	if m.last >= m.least {
		return 0
	}
	if !m.said {
		m.said = true
		m.say(m.last)
	}
	return memoryPause
}

// Started implements [Condition].
func (m *Memory) Started(time.Time) {}
