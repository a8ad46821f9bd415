package halting_test

import (
	"strings"
	"testing"

	"github.com/gotandem/tandem/cmd/tandem/internal/halting"
)

func TestParse(t *testing.T) {
	tests := map[string]struct {
		when    halting.When
		why     halting.Why
		count   int
		percent float64
	}{
		"never":            {},
		"0":                {},
		"1":                {halting.Soon, halting.Fail, 1, 0},
		"2":                {halting.Now, halting.Fail, 1, 0},
		"-1":               {halting.Soon, halting.Success, 1, 0},
		"-2":               {halting.Now, halting.Success, 1, 0},
		"30%":              {halting.Soon, halting.Fail, 0, 30},
		"now,fail=1":       {halting.Now, halting.Fail, 1, 0},
		"soon,fail=3":      {halting.Soon, halting.Fail, 3, 0},
		"soon,success=50%": {halting.Soon, halting.Success, 0, 50},
		"now,done=12.5%":   {halting.Now, halting.Done, 0, 12.5},
		"never,fail=1":     {halting.Never, halting.Fail, 1, 0},
	}
	for text, want := range tests {
		var p halting.Policy
		if err := p.Set(text); err != nil {
			t.Errorf("%q: %v", text, err)
		}
		if p.When != want.when || p.Why != want.why || p.Count != want.count || p.Percent != want.percent || p.String() != text {
			t.Errorf("%q = %+v, want %+v", text, p, want)
		}
	}
	for _, text := range []string{"", "3", "now", "now,", "now,fail", "now,fail=", "now,fail=0", "now,fail=-1", "now,fail=x", "later,fail=1", "now,died=1", "0%", "101%", "now,fail=NaN%", "%"} {
		if _, err := halting.Parse(text); err == nil || !strings.Contains(err.Error(), "want never") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// ends are calls that end in this order: f failed, s succeeded.
func TestCounter(t *testing.T) {
	tests := map[string]struct {
		policy string
		total  int
		ends   string
		at     int // the end that halts, from 1; 0 for none
	}{
		"never":           {"never", 0, "ffff", 0},
		"never, counted":  {"never,fail=1", 0, "ffff", 0},
		"first failure":   {"now,fail=1", 0, "ssfs", 3},
		"third failure":   {"soon,fail=3", 0, "fsfsf", 5},
		"first success":   {"-1", 0, "ffs", 3},
		"done":            {"now,done=2", 0, "fsf", 2},
		"percent":         {"50%", 4, "fsf", 3},
		"percent, rounds": {"30%", 4, "ff", 2},
		"percent, exact":  {"1.1%", 100, "fff", 2},
		"percent of none": {"30%", 0, "", 0},
		"all":             {"soon,done=100%", 3, "sfs", 3},
		"not reached":     {"soon,success=3", 0, "fsfs", 0},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			p, err := halting.Parse(test.policy)
			if err != nil {
				t.Fatal(err)
			}
			c := halting.NewCounter(p, test.total)
			at := 0
			for i, end := range test.ends {
				if c.End(end == 'f') {
					if at != 0 {
						t.Error("halted twice")
					}
					at = i + 1
				}
			}
			if at != test.at || c.Halted() != (at > 0) {
				t.Errorf("halted at %d, want %d", at, test.at)
			}
		})
	}
}

func TestNeedsTotal(t *testing.T) {
	for text, want := range map[string]bool{"soon,fail=10%": true, "30%": true, "now,done=1": false, "never,fail=1%": false} {
		if p, err := halting.Parse(text); err != nil || p.NeedsTotal() != want {
			t.Errorf("%s: %v, %v", text, p.NeedsTotal(), err)
		}
	}
}

func TestStatus(t *testing.T) {
	for text, want := range map[string]struct {
		status  int
		decides bool
	}{"2": {1, true}, "-2": {0, true}, "now,done=1": {0, false}} {
		p, _ := halting.Parse(text)
		if status, decides := p.Status(); status != want.status || decides != want.decides {
			t.Errorf("%s: %d, %v", text, status, decides)
		}
	}
}

func TestText(t *testing.T) {
	for policy, want := range map[string]string{
		"now,fail=2":     "halted: 2 calls failed (--halt now,fail=2): the last was input 7 (x)",
		"soon,success=1": "halted: 1 call succeeded (--halt soon,success=1): input 7 (x)",
	} {
		p, _ := halting.Parse(policy)
		if got := halting.NewCounter(p, 0).Text("input 7 (x)"); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
