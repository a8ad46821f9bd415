package progress

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/gotandem/tandem/cmd/tandem/internal/console"
)

const (
	// oldestAfter is how long an input must run to be named.
	oldestAfter = time.Second

	// oldestMost is how many characters of it are shown.
	oldestMost = 40
)

// Line returns the line that shows s while calls run at the given rate a second. What
// matters most comes first: a narrow terminal cuts the end off.
func (s Snapshot) Line(rate float64) string {
	var b strings.Builder
	b.WriteString("tandem: " + strconv.FormatInt(s.Done()+s.Skipped, 10))
	if s.Total > 0 {
		b.WriteString(" of " + strconv.FormatInt(s.Total, 10))
	}
	b.WriteString(" done")
	if s.Failed > 0 {
		fmt.Fprintf(&b, ", %d failed", s.Failed)
	}
	fmt.Fprintf(&b, ", %d running", s.Running)
	if rate > 0 {
		b.WriteString(", " + perSecond(rate))
	}
	if left, known := s.left(rate); known {
		b.WriteString(", " + left.String() + " left")
	}
	if s.Oldest != "" && s.OldestFor >= oldestAfter {
		text := strings.Map(oneLine, console.Printable(s.Oldest[:min(len(s.Oldest), 4*oldestMost)]))
		b.WriteString(", longest " + Elapsed(s.OldestFor) + " (" + console.Shorten(text, oldestMost) + ")")
	}
	return b.String()
}

func oneLine(r rune) rune {
	if r == '\n' || r == '\t' {
		return ' '
	}
	return r
}

// left returns how long the rest takes at the given rate, in whole seconds.
func (s Snapshot) left(rate float64) (left time.Duration, known bool) {
	rest := s.Total - s.Done() - s.Skipped - s.Unfinished
	if s.Total <= 0 || rest <= 0 || rate <= 0 || s.Stopped {
		return 0, false
	}
	seconds := float64(rest) / rate
	if seconds > 1e8 {
		return 0, false
	}
	return time.Duration(seconds+1) * time.Second, true
}

func perSecond(rate float64) string {
	if rate < 10 {
		return strconv.FormatFloat(rate, 'f', 1, 64) + "/s"
	}
	return strconv.FormatFloat(rate, 'f', 0, 64) + "/s"
}

// json returns s as one line of JSON.
func (s Snapshot) json(rate float64) string {
	left, known := s.left(rate)
	object := struct {
		Version   int     `json:"version"`
		Done      int64   `json:"done"`
		Failed    int64   `json:"failed"`
		Skipped   int64   `json:"skipped"`
		Total     int64   `json:"total,omitempty"`
		Running   int     `json:"running"`
		Elapsed   float64 `json:"elapsed"`
		Rate      float64 `json:"rate"`
		Left      float64 `json:"left,omitempty"`
		Oldest    string  `json:"longest_input,omitempty"`
		OldestFor float64 `json:"longest,omitempty"`
	}{1, s.Done(), s.Failed, s.Skipped, s.Total, s.Running, s.Elapsed.Seconds(), rate, 0, "", 0}
	if known {
		object.Left = left.Seconds()
	}
	if s.Oldest != "" {
		object.Oldest, object.OldestFor = console.Shorten(s.Oldest, oldestMost), s.OldestFor.Seconds()
	}
	text, err := json.Marshal(object)
	if err != nil {
		panic(fmt.Sprintf("tandem: progress as JSON: %v", err)) // numbers that are finite, and text
	}
	return string(text)
}

// Summary returns the line that closes a run.
func (s Snapshot) Summary() string {
	inputs := s.Done() + s.Unfinished + s.Skipped
	plural := "s"
	if inputs == 1 {
		plural = ""
	}
	text := fmt.Sprintf("tandem: %d input%s: %d ok, %d failed", inputs, plural, s.Succeeded, s.Failed)
	if s.Skipped > 0 {
		text += fmt.Sprintf(", %d skipped", s.Skipped)
	}
	if s.Unfinished > 0 {
		text += fmt.Sprintf(", %d not finished", s.Unfinished)
	}
	if rest := s.Total - inputs; s.Stopped && s.Total > 0 && rest > 0 {
		text += fmt.Sprintf(", %d not run", rest)
	} else if s.Stopped && s.Total <= 0 {
		text += ", the rest not run"
	}
	return text + " in " + Elapsed(s.Elapsed)
}

// Elapsed writes a duration as people say it: 12ms, 1.2s, 3m5s.
func Elapsed(d time.Duration) string {
	switch {
	case d < time.Second:
		return d.Round(time.Millisecond).String()
	case d < time.Minute:
		return strconv.FormatFloat(d.Seconds(), 'f', 1, 64) + "s"
	}
	return d.Round(time.Second).String()
}
