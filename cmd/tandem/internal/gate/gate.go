package gate

import (
	"cmp"
	"context"
	"math"
	"sync/atomic"
	"time"
)

// Condition is one thing that a start depends on. It is used by the goroutine of
// [Gate.Enter] only.
type Condition interface {
	// Wait returns 0 when a call may start now, while running others run, and else
	// how long it is until asking again makes sense. The end of a call is always a
	// reason to ask.
	Wait(now time.Time, running int) time.Duration

	// Started tells that a call starts.
	Started(now time.Time)
}

// Config describes a gate.
type Config struct {
	// Places returns how many calls may run at once, and how long that holds, 0
	// for ever. It is asked when the answer matters, with the time, and again once
	// it does not hold any more and a call waits.
	Places func(now time.Time) (n int, holds time.Duration)

	// Single lets nothing through that cannot start at once.
	Single bool

	// Conditions have to agree to each start. They make the gate single.
	Conditions []Condition
}

// Gate blocks the start of calls until they may start.
//
// G1: without look-ahead, never more calls have entered and not ended than there
// were places when the last one entered.
// G2: Enter that waits is woken by the end that makes room, by the release of the
// last hold and by the end of its context.
type Gate struct {
	// Immutable after New.
	config   Config
	single   bool
	wake     chan struct{} // a token: look again
	released chan struct{} // a token: the gate was held and is not any more, for Pass

	// Owned by the goroutine of Enter.
	entered int64 // calls
	free    int64 // entered may grow to this before anything is looked at
	looked  time.Time
	now     time.Time // of the last start
	speed   speed
	ahead   int

	_ [64]byte // what End writes stays off the lines that Enter reads

	ended  atomic.Int64
	wakeAt atomic.Int64 // as many ends wake Enter
	held   atomic.Bool
}

// noEnd is more ends than there can be.
const noEnd = math.MaxInt64

// New returns a gate.
func New(config Config) *Gate {
	g := &Gate{
		config: config, single: config.Single || len(config.Conditions) > 0,
		wake: make(chan struct{}, 1), released: make(chan struct{}, 1),
	}
	g.wakeAt.Store(noEnd)
	return g
}

// Enter blocks until a call may start, which it then counts as running until
// [Gate.End], and reports whether it may: not after ctx has ended. A call that
// starts again passes a held gate.
func (g *Gate) Enter(ctx context.Context, again bool) bool {
	now := time.Now()
	if g.entered >= g.free || g.held.Load() || now.Sub(g.looked) >= aheadTime || ctx.Err() != nil {
		if !g.await(ctx, again) {
			return false
		}
		now = g.looked
	}
	g.now = now
	g.entered++
	return true
}

// Pass blocks while the gate is held, for an input that needs no call, and reports
// whether it may go on: not after ctx has ended. It belongs to one goroutine, which
// may be another one than that of Enter.
func (g *Gate) Pass(ctx context.Context) bool {
	for g.held.Load() && ctx.Err() == nil {
		select {
		case <-g.released:
		case <-ctx.Done():
		}
	}
	return ctx.Err() == nil
}

// Now returns when the last call entered. It belongs to the goroutine of Enter.
func (g *Gate) Now() time.Time { return g.now }

// Running returns how many calls have entered and not ended. It belongs to the
// goroutine of Enter.
func (g *Gate) Running() int { return int(g.entered - g.ended.Load()) }

// End counts the end of a call.
func (g *Gate) End() {
	n := g.ended.Add(1)
	if n >= g.wakeAt.Load() {
		g.wakeAt.Store(noEnd)
		leaveToken(g.wake)
	}
}

// Hold makes Enter and Pass wait, or no longer.
func (g *Gate) Hold(held bool) {
	if g.held.Swap(held) && !held {
		leaveToken(g.wake)
		leaveToken(g.released)
	}
}

func leaveToken(ch chan struct{}) {
	select {
	case ch <- struct{}{}:
	default:
	}
}

// await blocks until a call may start and sets free.
func (g *Gate) await(ctx context.Context, again bool) bool {
	for ctx.Err() == nil {
		g.looked = time.Now()
		wait := g.wait(again)
		if wait == 0 {
			return true
		}
		if !g.sleep(ctx, wait) {
			return false
		}
	}
	return false
}

// untilWoken is a wait without a time of its own.
const untilWoken = time.Duration(math.MaxInt64)

// wait returns 0 when a call may start, and else how long to wait.
func (g *Gate) wait(again bool) time.Duration {
	if g.held.Load() && !again {
		return untilWoken
	}
	places, holds := g.config.Places(g.looked)
	places = max(1, places)
	if !g.single {
		g.ahead = g.speed.ahead(g.looked, g.ended.Load(), places, g.ahead)
	}
	if g.full(places) {
		return cmp.Or(holds, untilWoken)
	}
	if len(g.config.Conditions) > 0 {
		g.wakeAt.Store(g.ended.Load() + 1) // before they look, lest they miss it
	}
	for _, c := range g.config.Conditions {
		if wait := c.Wait(g.looked, g.Running()); wait > 0 {
			return wait
		}
	}
	for _, c := range g.config.Conditions {
		c.Started(g.looked)
	}
	g.free = g.entered + 1
	if !g.single {
		g.free = g.ended.Load() + int64(places+g.ahead)
	}
	return 0
}

// full reports whether no more calls may run. If so, an end will wake: the next,
// or with look-ahead the one that leaves half of it.
func (g *Gate) full(places int) bool {
	limit, wakeBelow := int64(places+g.ahead), int64(places-1)
	if g.ahead > 0 {
		wakeBelow = int64(places + g.ahead/2)
	}
	if g.entered-g.ended.Load() < limit {
		return false
	}
	g.wakeAt.Store(g.entered - wakeBelow)
	if g.entered-g.ended.Load() > wakeBelow {
		return true
	}
	g.wakeAt.Store(noEnd) // it has ended meanwhile
	return false
}

// sleep waits for a reason to look again. It returns false when ctx has ended.
func (g *Gate) sleep(ctx context.Context, wait time.Duration) bool {
	if wait == untilWoken {
		select {
		case <-g.wake:
			return true
		case <-ctx.Done():
			return false
		}
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-g.wake:
	case <-timer.C:
	case <-ctx.Done():
		return false
	}
	return true
}
