package process

import (
	"errors"
	"testing"
	"time"
)

const (
	slotStates = int(slotRetired) + 1
	slotEvents = int(eventRetire) + 1
)

// possible are the pairs that can happen. All others are impossible.
var possible = map[slotState]map[slotEvent]slotState{
	slotEmpty:    {eventSpawn: slotStarting, eventRetire: slotRetired},
	slotStarting: {eventHello: slotIdle, eventExit: slotLost},
	slotIdle:     {eventAssign: slotBusy, eventExpire: slotStopping, eventExit: slotLost},
	slotBusy:     {eventAssign: slotBusy, eventEmptied: slotIdle, eventExpire: slotDraining, eventExit: slotLost},
	slotDraining: {eventEmptied: slotStopping, eventExpire: slotDraining, eventExit: slotLost},
	slotStopping: {eventExpire: slotStopping, eventExit: slotEmpty},
	slotLost:     {eventBackoffOver: slotEmpty, eventRetire: slotRetired},
	slotRetired:  {},
}

func eachSlotState(f func(slotState)) {
	for s := range slotStates {
		f(slotState(s))
	}
}

func TestSlotEveryStateAndEvent(t *testing.T) {
	impossible := 0
	eachSlotState(func(s slotState) {
		for i := range slotEvents {
			e := slotEvent(i)
			got, err := next(s, e)
			want, ok := possible[s][e]
			switch {
			case ok && (err != nil || got != want):
				t.Errorf("%v while %v: %v, %v: want %v", e, s, got, err, want)
			case !ok && (!errors.Is(err, errImpossible) || got != s):
				t.Errorf("%v while %v: %v, %v: want the same state and errImpossible", e, s, got, err)
			case !ok:
				impossible++
			}
		}
	})
	if want := slotStates*slotEvents - 18; impossible != want {
		t.Errorf("%d pairs are impossible: want %d", impossible, want)
	}
}

// walk visits every sequence of up to n events from the empty state.
func walk(n int, visit func(path []slotState, events []slotEvent)) {
	var step func(path []slotState, events []slotEvent)
	step = func(path []slotState, events []slotEvent) {
		visit(path, events)
		if len(events) == n {
			return
		}
		for i := range slotEvents {
			if s, err := next(path[len(path)-1], slotEvent(i)); err == nil {
				step(append(path[:len(path):len(path)], s), append(events[:len(events):len(events)], slotEvent(i)))
			}
		}
	}
	step([]slotState{slotEmpty}, nil)
}

// A slot holds calls from assign until emptied or exit.
func TestSlotInvariants(t *testing.T) {
	walk(9, func(path []slotState, events []slotEvent) {
		holds, starting := false, false
		for i, e := range events {
			before, after := path[i], path[i+1]
			switch e {
			case eventAssign:
				holds = true
				if before == slotDraining || before == slotStopping || !before.assignable() {
					t.Fatalf("S4: assigned while %v: %v", before, path)
				}
			case eventEmptied, eventExit:
				holds = false
			}
			if holds != (after == slotBusy || after == slotDraining) {
				t.Fatalf("S1: holds calls is %v while %v: %v", holds, after, path)
			}
			if before == slotRetired {
				t.Fatalf("S2: left retired: %v", path)
			}
			switch after {
			case slotLost:
				starting = false
			case slotStarting:
				starting = true
			case slotIdle:
				if !starting {
					t.Fatalf("S3: idle without starting: %v", path)
				}
			}
			if before == slotLost && after != slotEmpty && after != slotRetired {
				t.Fatalf("S5: left lost without back-off: %v", path)
			}
		}
	})
}

func TestSlotNamesAreComplete(t *testing.T) {
	if len(slotNames) != slotStates || len(eventNames) != slotEvents {
		t.Errorf("%d names for %d states, %d for %d events", len(slotNames), slotStates, len(eventNames), slotEvents)
	}
}

func TestNextCredit(t *testing.T) {
	tests := []struct {
		credit, threads int
		each            time.Duration
		want            int
	}{
		{1, 1, time.Hour, 1},                        // long calls: none in advance
		{64, 1, time.Second, 1},                     // at once
		{64, 4, 3 * time.Millisecond, 4},            // never fewer than threads
		{1, 1, time.Millisecond, 2},                 //
		{1, 1, time.Microsecond, 2},                 // at most doubled
		{512, 1, time.Microsecond, mostHeld},        // at most all places
		{mostHeld, 1, 0, mostHeld},                  // faster than the clock
		{mostHeld, 252, 10 * time.Microsecond, 252}, // 200, but there are more threads
		{64, 1, 100 * time.Microsecond, 20},
	}
	for _, test := range tests {
		if got := nextCredit(test.credit, test.threads, test.each); got != test.want {
			t.Errorf("nextCredit(%d, %d, %v) is %d: want %d", test.credit, test.threads, test.each, got, test.want)
		}
	}
}

func TestNextEscalation(t *testing.T) {
	const cancelGrace, killGrace = 200 * time.Millisecond, time.Second
	start := time.Now()
	at := func(d time.Duration) time.Time { return start.Add(d) }
	tests := map[string]struct {
		from       escalation
		asked, now time.Time
		want       escalation
		wait       time.Duration
	}{
		"nothing overdue":    {escalation{}, time.Time{}, at(0), escalation{}, never},
		"just asked":         {escalation{}, at(0), at(0), escalation{}, cancelGrace},
		"asked":              {escalation{}, at(0), at(150 * time.Millisecond), escalation{}, 50 * time.Millisecond},
		"grace is over":      {escalation{}, at(0), at(cancelGrace), escalation{terminated, at(cancelGrace)}, killGrace},
		"terminated":         {escalation{terminated, at(0)}, at(0), at(400 * time.Millisecond), escalation{terminated, at(0)}, 600 * time.Millisecond},
		"ignores SIGTERM":    {escalation{terminated, at(0)}, at(0), at(killGrace), escalation{killed, at(killGrace)}, never},
		"killed":             {escalation{killed, at(0)}, at(0), at(time.Hour), escalation{killed, at(0)}, never},
		"ended after cancel": {escalation{}, time.Time{}, at(time.Hour), escalation{}, never},
		"ended after TERM":   {escalation{terminated, at(0)}, time.Time{}, at(0), escalation{}, never},
	}
	for name, test := range tests {
		got, wait := nextEscalation(test.from, test.asked, test.now, cancelGrace, killGrace)
		if got != test.want || wait != test.wait {
			t.Errorf("%s: %v, %v: want %v, %v", name, got, wait, test.want, test.wait)
		}
	}
}

func TestBackOffGrowsToItsBound(t *testing.T) {
	for n, want := range map[int]time.Duration{1: firstPause, 2: 2 * firstPause, 3: 4 * firstPause, 8: longestPause, 1000: longestPause} {
		if got := backOff(n); got != want {
			t.Errorf("backOff(%d) is %v: want %v", n, got, want)
		}
	}
}

func TestHistory(t *testing.T) {
	tests := []struct {
		lives []lifeEnd
		want  history
	}{
		{[]lifeEnd{endUnused, endUnused}, history{2, 2}},
		{[]lifeEnd{endUnused, endBarren}, history{1, 2}},
		{[]lifeEnd{endUnused, endBarren, endProductive}, history{}},
		{[]lifeEnd{endUnused, endTold}, history{}},
	}
	for _, test := range tests {
		var h history
		for _, how := range test.lives {
			h.note(how)
		}
		if h != test.want {
			t.Errorf("after %v: %+v, want %+v", test.lives, h, test.want)
		}
	}
}

func TestJitteredStaysWithinATenth(t *testing.T) {
	if jittered(0) != 0 {
		t.Error("no limit became one")
	}
	for range 1000 {
		if n := jittered(100); n < 90 || n > 110 {
			t.Fatalf("jittered(100) is %d", n)
		}
		if jittered(1) != 1 {
			t.Fatal("jittered(1) is not 1")
		}
	}
}

func TestLastOfEach(t *testing.T) {
	got := lastOfEach([]string{"A=1", "B=1", "A=2", "C", "A=1"})
	if len(got) != 3 || got[0] != "B=1" || got[1] != "C" || got[2] != "A=1" {
		t.Errorf("%v", got)
	}
}

// A slow call leaves the ring when later ones need its place, and is found all
// the same.
func TestHeldCallsOutliveTheRing(t *testing.T) {
	w := &worker{slot: newSlot(&Executor{}, 0), base: 1, threads: 2}
	w.slot.worker, w.slot.state = w, slotBusy
	w.holdLocked(held{id: 1})
	for id := uint64(2); id < 5*mostHeld; id++ {
		w.holdLocked(held{id: id})
		if id > 100 {
			if _, ok := w.take(id-99, true); !ok {
				t.Fatalf("call %d is lost", id-99)
			}
		}
	}
	if h := w.findLocked(1); h == nil || h.id != 1 || w.findLocked(2) != nil || w.findLocked(0) != nil || w.findLocked(1<<63) != nil {
		t.Fatal("call 1 is not found, or others are")
	}
	left := w.takeAll()
	if len(left) != 100 || left[0].id != 1 || left[1].id != 5*mostHeld-99 {
		t.Errorf("%d calls are left", len(left))
	}
}
