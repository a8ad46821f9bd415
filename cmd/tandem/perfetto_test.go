//go:build linux

package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// perfetto is a folder with a version of Perfetto's user interface, which has its
// trace processor for WebAssembly: make perfetto gives it.
var perfetto = flag.String("perfetto", "", "open traces of runs with Perfetto's trace processor in `FOLDER`, by node")

// tracedRuns are runs with the processes and tracks that Perfetto shows for them,
// where calls ran.
var tracedRuns = map[string]struct {
	stdin  string
	args   []string
	status int
	tracks string // process: tracks
}{
	"commands": {
		args:   []string{"-p", "4", "--", "sh", "-c", "sleep 0.0$0"},
		stdin:  "1\n2\n3\n4\n5\n6\n7\n8\n9\n1\n2\n3\n",
		tracks: "calls: slot 1, slot 2, slot 3, slot 4",
	},
	"pipe": {
		args:   []string{"-p", "2", "--pipe", "--block", "10K", "--", "sh", "-c", "wc -l; sleep 0.05"},
		stdin:  strings.Repeat("a line with a \"quote\" and a \\\n", 2000),
		tracks: "calls: slot 1, slot 2",
	},
	"threads": {
		args:   []string{"-p", "2", "-t", "3", "perfetto/tasks.py:nap"},
		stdin:  strings.Repeat("0.02\n", 60),
		tracks: "worker 1: thread 0, thread 1, thread 2; worker 2: thread 0, thread 1, thread 2",
	},
	"retries of commands": {
		args:   []string{"-p", "2", "--retries", "3", "--", "sh", "-c", `sleep 0.02; exit $(($0 % 2))`},
		stdin:  "1\n2\n3\n4\n",
		status: 1,
		tracks: "calls: slot 1, slot 2",
	},
}

// TestTraceInPerfetto: Perfetto itself shows what was traced, all of it, and
// finds nothing wrong.
func TestTraceInPerfetto(t *testing.T) {
	needPerfetto(t)
	for name, r := range tracedRuns {
		t.Run(name, func(t *testing.T) {
			trace := filepath.Join(t.TempDir(), "trace.json")
			args := append([]string{"map", "-q", "--trace", trace}, r.args...)
			if o := run(t, r.stdin, args...); o.status != r.status {
				t.Fatalf("exit status %d\n%s", o.status, o.stderr)
			}
			if got := checkInPerfetto(t, trace); got != r.tracks {
				t.Errorf("Perfetto shows\n%s\nwant\n%s", got, r.tracks)
			}
		})
	}
}

// A worker that dies is a process of its own beside the one that takes its place,
// and a call that is tried again is linked, also from one to the other.
func TestCrashesInPerfetto(t *testing.T) {
	needPerfetto(t)
	dir := t.TempDir()
	trace := filepath.Join(dir, "trace.json")
	var inputs strings.Builder
	for i := range 20 {
		fmt.Fprintf(&inputs, "%s/%d\n", dir, i)
	}
	o := run(t, inputs.String(), "map", "-q", "-p", "2", "--retries", "5", "--trace", trace, "perfetto/tasks.py:stumble")
	o.expect(t, 0, strings.Repeat("null\n", 20))
	checkInPerfetto(t, trace)
	rows := query(t, trace, `select count(*) from flow`, `select count(distinct upid) > 2 from process where name glob 'worker *'`)
	if links := rows[0][0][0].(float64); links < 2+2*2 {
		t.Errorf("%v attempts are linked", links)
	}
	if rows[1][0][0] != 1.0 {
		t.Error("a worker that took the place of another has no process")
	}
}

// Whatever a name is, the trace opens. Perfetto 52 reads escapes only in a text
// that has a quote, and shows them as they are in others.
func TestNamesInPerfetto(t *testing.T) {
	needPerfetto(t)
	inputs := []string{
		"plain", `"quotes" and \`, "\"\nfeed", "\xff\xfe", "日本 ü", "\u2028", strings.Repeat("é", 100),
		`back\slash`, `end\`, `"end\`, `end\\`, `\`, `\"`, "line\nfeed", "\ttab", "\xed\xa0\x80", "\x01\x7f",
	}
	want := []string{"plain", `"quotes" and \`, "\"\nfeed", "��", "日本 ü", "\u2028", strings.Repeat("é", 30)}
	trace := filepath.Join(t.TempDir(), "trace.json")
	o := run(t, strings.Join(inputs, "\x00"), "map", "-q", "-0", "-p", "1", "--trace", trace, "--", "true")
	o.expect(t, 0, "")
	checkInPerfetto(t, trace)
	rows := query(t, trace, `select name from slice where category = 'attempt' order by ts`)[0]
	for i, name := range want {
		if rows[i][0] != name {
			t.Errorf("Perfetto shows %q, want %q", rows[i][0], name)
		}
	}
}

// A trace of a run that was killed is whole, and has what was cut off.
func TestKilledInPerfetto(t *testing.T) {
	needPerfetto(t)
	trace := filepath.Join(t.TempDir(), "trace.json")
	s := start(t, "map", "-p", "1", "--trace", trace, "tasks.py:overstay", ":::", "1", "2", "3")
	s.stderr.await(t, "started")
	s.signal(syscall.SIGINT)
	s.stderr.await(t, "again to stop it\n")
	s.signal(syscall.SIGINT)
	s.wait()
	if got := checkInPerfetto(t, trace); got != "worker 1: thread 0" {
		t.Errorf("Perfetto shows %s", got)
	}
	cut := query(t, trace, `select name, extract_arg(arg_set_id, 'args.status') from slice where category = 'attempt'`)
	if got := fmt.Sprint(cut); got != "[[[1 cut]]]" {
		t.Errorf("Perfetto shows %s", got)
	}
}

// A long trace opens as well.
func TestManyCallsInPerfetto(t *testing.T) {
	needPerfetto(t)
	trace := filepath.Join(t.TempDir(), "trace.json")
	n := pick(20_000, 300_000)
	o := run(t, "", "map", "-q", "-p", "2", "--trace", trace, "--range", fmt.Sprint("1..", n), "--output", "raw", "tasks.py:echo")
	if lines := strings.Count(o.stdout, "\n"); lines != n {
		t.Fatalf("%d lines\n%s", lines, o.stderr)
	}
	checkInPerfetto(t, trace)
}

func needPerfetto(t *testing.T) {
	t.Helper()
	if *perfetto == "" {
		t.Skip("make perfetto runs this")
	}
}

// What must find nothing: an error of the import, a slice that Perfetto has put
// into another or beside its track, an attempt without what describes it, and an
// arrow between two that are no attempts of one call.
var faults = []string{
	`select 'import', name, value from stats where severity in ('error', 'data_loss') and value > 0`,
	`select 'not on its own', name, ts, dur, depth from slice where depth > 0 or dur < 0 or parent_id is not null`,
	`select 'overlap', name, ts from (select *, lead(ts) over (partition by track_id order by ts) next from slice) where next < ts + dur`,
	`select 'not described', name from slice where category = 'attempt' and
		(extract_arg(arg_set_id, 'args.seq') is null or extract_arg(arg_set_id, 'args.status') is null)`,
	`select 'no place', s.name from slice s left join thread_track k on s.track_id = k.id left join thread t using (utid)
		left join process p using (upid) where t.name is null or p.name is null or s.name is null`,
	`select 'arrow', a.name, b.name from flow join slice a on slice_out = a.id join slice b on slice_in = b.id where
		extract_arg(a.arg_set_id, 'args.seq') != extract_arg(b.arg_set_id, 'args.seq') or
		extract_arg(a.arg_set_id, 'args.attempt') + 1 != extract_arg(b.arg_set_id, 'args.attempt')`,
	`select 'counter', name from track where type glob '*counter*' and name not in ('calls running', 'calls waiting')`,
}

// checkInPerfetto opens a trace, finds its faults, and returns the tracks on which
// there are attempts, in the order in which they are shown.
func checkInPerfetto(t *testing.T, trace string) string {
	t.Helper()
	found := query(t, trace, append(slices.Clone(faults),
		`select count(*) from slice where category = 'attempt'`,
		`select count(*) from flow`,
		`select p.name, group_concat(t.name, ', ') from
			(select distinct utid from slice join thread_track k on track_id = k.id where category = 'attempt' order by utid)
			join thread t using (utid) join process p using (upid) group by upid order by p.name`)...)
	for i := range faults {
		for _, row := range found[i] {
			t.Errorf("%v", row)
		}
	}
	found = found[len(faults):]
	content, err := os.ReadFile(trace)
	if err != nil {
		t.Fatal(err)
	}
	for i, kind := range []string{"X", "s"} {
		if n := float64(bytes.Count(content, []byte(`,"ph":"`+kind+`"`))); found[i][0][0] != n {
			t.Errorf("Perfetto shows %v of %v events %q", found[i][0][0], n, kind)
		}
	}
	var tracks []string
	for _, row := range found[2] {
		tracks = append(tracks, fmt.Sprintf("%v: %v", row[0], row[1]))
	}
	return strings.Join(tracks, "; ")
}

// query opens a trace and returns the rows of each query.
func query(t *testing.T, trace string, queries ...string) [][][]any {
	t.Helper()
	cmd := exec.Command("node", append([]string{filepath.Join("testdata", "perfetto", "query.js"), *perfetto, trace}, queries...)...)
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, said.Bytes()[max(0, said.Len()-1000):])
	}
	var rows [][][]any
	if err := json.Unmarshal(out, &rows); err != nil || len(rows) != len(queries) {
		t.Fatalf("%v in %.300s", err, out)
	}
	return rows
}
