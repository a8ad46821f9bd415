package halting

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// When says what happens to calls that run.
type When uint8

const (
	Never When = iota
	Soon       // they finish
	Now        // they are killed
)

// Why says what is counted.
type Why uint8

const (
	Fail Why = iota + 1
	Success
	Done
)

var (
	whens = map[string]When{"never": Never, "soon": Soon, "now": Now}
	whys  = map[string]Why{"fail": Fail, "success": Success, "done": Done}
)

// Policy is a value of --halt. The zero value never halts.
type Policy struct {
	When    When
	Why     Why
	Count   int     // as many; 0: Percent counts
	Percent float64 // of all inputs
	text    string
}

// Parse reads a policy.
func Parse(text string) (Policy, error) {
	form := text
	switch text {
	case "never", "0":
		return Policy{text: text}, nil
	case "1":
		form = "soon,fail=1"
	case "2":
		form = "now,fail=1"
	case "-1":
		form = "soon,success=1"
	case "-2":
		form = "now,success=1"
	}
	if strings.HasSuffix(form, "%") && !strings.Contains(form, ",") {
		form = "soon,fail=" + form
	}
	p, ok := parse(form)
	if !ok {
		return Policy{}, fmt.Errorf("%q is no way to halt: want never, or now or soon, a comma, and fail=N, success=N or done=N, where N is 1 or more or a percentage up to 100%%", text)
	}
	p.text = text
	return p, nil
}

// parse reads the long form.
func parse(form string) (p Policy, ok bool) {
	when, rest, _ := strings.Cut(form, ",")
	why, value, _ := strings.Cut(rest, "=")
	if p.When, ok = whens[when]; !ok {
		return p, false
	}
	if p.Why, ok = whys[why]; !ok {
		return p, false
	}
	if number, percent := strings.CutSuffix(value, "%"); percent {
		n, err := strconv.ParseFloat(number, 64)
		p.Percent = n
		return p, err == nil && n > 0 && n <= 100
	}
	n, err := strconv.Atoi(value)
	p.Count = n
	return p, err == nil && n > 0
}

// Set makes p the policy that text is. It is the method of a flag.
func (p *Policy) Set(text string) (err error) {
	*p, err = Parse(text)
	return err
}

func (p *Policy) String() string { return p.text }

func (p *Policy) Type() string { return "WHEN,WHY=N" }

// Active reports whether the policy can halt a run.
func (p Policy) Active() bool { return p.When != Never }

// NeedsTotal reports whether the policy depends on how many inputs there are.
func (p Policy) NeedsTotal() bool { return p.Active() && p.Percent > 0 }

// Status returns the exit status of a run that the policy halted, and whether it
// decides that: otherwise what failed does.
func (p Policy) Status() (status int, decides bool) {
	switch p.Why {
	case Fail:
		return 1, true
	case Success:
		return 0, true
	}
	return 0, false
}

// Counter counts ends for a policy.
type Counter struct {
	policy            Policy
	limit             int
	succeeded, failed int
	halted            bool
}

// NewCounter returns a counter of a run with total inputs, which has to be right where
// the policy depends on it.
func NewCounter(p Policy, total int) *Counter {
	c := &Counter{policy: p, limit: p.Count}
	if p.NeedsTotal() {
		const rounding = 1e-9 // of the multiplication: 1.1 % of 1000 are 11
		c.limit = max(1, int(math.Ceil(p.Percent*float64(total)/100-rounding)))
	}
	return c
}

// End counts the end of a call. It reports whether the run is to halt because of
// this one, which it does at most once.
func (c *Counter) End(failed bool) bool {
	if failed {
		c.failed++
	} else {
		c.succeeded++
	}
	if c.policy.When == Never || c.halted || c.counted() < c.limit {
		return false
	}
	c.halted = true
	return true
}

func (c *Counter) counted() int {
	switch c.policy.Why {
	case Fail:
		return c.failed
	case Success:
		return c.succeeded
	}
	return c.failed + c.succeeded
}

// Halted reports whether the run is to halt.
func (c *Counter) Halted() bool { return c.halted }

// Text says why the run halted: because of the last end that was counted, which last
// names.
func (c *Counter) Text(last string) string {
	verb := map[Why]string{Fail: "failed", Success: "succeeded", Done: "ended"}[c.policy.Why]
	calls, the := "calls", "the last was "
	if c.limit == 1 {
		calls, the = "call", ""
	}
	return fmt.Sprintf("halted: %d %s %s (--halt %s): %s%s", c.limit, calls, verb, c.policy.text, the, last)
}
