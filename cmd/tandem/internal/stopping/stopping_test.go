package stopping_test

import (
	"slices"
	"testing"

	"github.com/gotandem/tandem/cmd/tandem/internal/stopping"
)

func TestNext(t *testing.T) {
	type pair struct {
		state stopping.State
		event stopping.Event
	}
	type step struct {
		state   stopping.State
		actions []stopping.Action
	}
	drain := step{stopping.Draining, []stopping.Action{stopping.StopInput, stopping.SayDrain}}
	kill := step{stopping.Killing, []stopping.Action{stopping.Kill}}
	quit := step{stopping.Killing, []stopping.Action{stopping.Quit}}
	tests := map[pair]step{
		{stopping.Taking, stopping.Interrupt}:      drain,
		{stopping.Taking, stopping.Terminate}:      drain,
		{stopping.Taking, stopping.Hangup}:         drain,
		{stopping.Taking, stopping.OutputClosed}:   {stopping.Killing, []stopping.Action{stopping.StopInput, stopping.Kill}},
		{stopping.Draining, stopping.Interrupt}:    kill,
		{stopping.Draining, stopping.Terminate}:    kill,
		{stopping.Draining, stopping.Hangup}:       {stopping.Draining, nil},
		{stopping.Draining, stopping.OutputClosed}: kill,
		{stopping.Killing, stopping.Interrupt}:     quit,
		{stopping.Killing, stopping.Terminate}:     quit,
		{stopping.Killing, stopping.Hangup}:        {stopping.Killing, nil},
		{stopping.Killing, stopping.OutputClosed}:  {stopping.Killing, nil},
	}
	if len(tests) != len(stopping.States)*len(stopping.Events) {
		t.Fatalf("%d pairs tested, want %d", len(tests), len(stopping.States)*len(stopping.Events))
	}
	for in, want := range tests {
		state, actions := stopping.Next(in.state, in.event)
		if state != want.state || !slices.Equal(actions, want.actions) {
			t.Errorf("Next(%d, %d) = %d, %d, want %d, %d", in.state, in.event, state, actions, want.state, want.actions)
		}
	}
}

// Whatever comes in whatever order, input stops once and calls are killed once.
func TestNextS1S2StopsAndKillsOnce(t *testing.T) {
	walk(t, stopping.Taking, nil, 5, func(events []stopping.Event, actions []stopping.Action) {
		for _, once := range []stopping.Action{stopping.StopInput, stopping.Kill} {
			first := slices.Index(actions, once)
			if first >= 0 && slices.Contains(actions[first+1:], once) {
				t.Fatalf("action %d twice in %d after %d", once, actions, events)
			}
		}
	})
}

// Hangups alone never kill, however many there are.
func TestNextS3HangupNeverKills(t *testing.T) {
	for _, s := range stopping.States {
		if _, actions := stopping.Next(s, stopping.Hangup); slices.Contains(actions, stopping.Kill) || slices.Contains(actions, stopping.Quit) {
			t.Errorf("Next(%d, Hangup) does %d", s, actions)
		}
	}
}

// walk calls check after each sequence of up to depth events.
func walk(t *testing.T, s stopping.State, events []stopping.Event, depth int, check func([]stopping.Event, []stopping.Action)) {
	t.Helper()
	var visit func(s stopping.State, events []stopping.Event, done []stopping.Action, depth int)
	visit = func(s stopping.State, events []stopping.Event, done []stopping.Action, depth int) {
		check(events, done)
		if depth == 0 {
			return
		}
		for _, e := range stopping.Events {
			next, actions := stopping.Next(s, e)
			visit(next, append(slices.Clone(events), e), append(slices.Clone(done), actions...), depth-1)
		}
	}
	visit(s, events, nil, depth)
}

func TestStatus(t *testing.T) {
	want := map[stopping.Event]int{stopping.Interrupt: 130, stopping.Terminate: 143, stopping.Hangup: 129, stopping.OutputClosed: 141}
	for _, e := range stopping.Events {
		if got := stopping.Status(e); got != want[e] {
			t.Errorf("Status(%d) = %d, want %d", e, got, want[e])
		}
	}
}

func TestDrainText(t *testing.T) {
	tests := []struct {
		event stopping.Event
		n     int
		want  string
	}{
		{stopping.Interrupt, 0, ""},
		{stopping.Interrupt, 1, "finishing 1 call, press Ctrl-C again to stop it"},
		{stopping.Interrupt, 2, "finishing 2 calls, press Ctrl-C again to stop them"},
		{stopping.Terminate, 1, "terminated: finishing 1 call, another SIGTERM stops it"},
		{stopping.Hangup, 3, "hangup: finishing 3 calls, SIGTERM stops them"},
	}
	for _, test := range tests {
		if got := stopping.DrainText(test.event, test.n); got != test.want {
			t.Errorf("DrainText(%d, %d) = %q, want %q", test.event, test.n, got, test.want)
		}
	}
}
