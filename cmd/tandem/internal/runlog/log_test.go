package runlog_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gotandem/tandem"
	"github.com/gotandem/tandem/cmd/tandem/internal/inputs"
	"github.com/gotandem/tandem/cmd/tandem/internal/outcome"
	"github.com/gotandem/tandem/cmd/tandem/internal/runlog"
)

func open(t *testing.T, path string, mode runlog.Mode) (*runlog.Log, runlog.Notes) {
	t.Helper()
	log, notes, err := runlog.Open(config(path, mode))
	if err != nil {
		t.Fatal(err)
	}
	return log, notes
}

// refused opens a log that is to be refused or fails, and returns the text. What is
// refused is so for a preview, too.
func refused(t *testing.T, c runlog.Config, wantRefused bool) string {
	t.Helper()
	log, _, err := runlog.Open(c)
	if err == nil {
		_ = log.Close(runlog.Summary{})
		t.Fatal("opened")
	}
	if _, ok := errors.AsType[*runlog.Refused](err); ok != wantRefused {
		t.Errorf("%v is refused: %v", err, ok)
	}
	if _, _, previewed := runlog.OpenPreview(c); wantRefused && (previewed == nil || previewed.Error() != err.Error()) {
		t.Errorf("a preview has the error %v, a run %v", previewed, err)
	}
	return strings.ReplaceAll(err.Error(), c.Path, "LOG")
}

func check(t *testing.T, errs ...error) {
	t.Helper()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

func newPath(t *testing.T, content string) string {
	path := filepath.Join(t.TempDir(), "log")
	if content != "" {
		writeFile(t, path, []byte(content))
	}
	return path
}

// logOf returns what a run with the outcomes writes.
func logOf(t *testing.T, outcomes ...*outcome.Outcome) string {
	t.Helper()
	path := newPath(t, "")
	log, _ := open(t, path, runlog.New)
	for _, o := range outcomes {
		check(t, log.Ended(o), log.Flush())
	}
	check(t, log.Close(runlog.Summary{}))
	content, err := os.ReadFile(path)
	check(t, err)
	return string(content)
}

func ended(number int, text string, err error) *outcome.Outcome {
	return &outcome.Outcome{Number: number, Input: text, Key: runlog.NewKeyer(testTask).Key(record(text)), Err: err}
}

// TestEndLine is the documented form of a line.
func TestEndLine(t *testing.T) {
	start := time.Unix(1795280041, 47_123_000)
	o := ended(3, strings.Repeat("é", 150), &tandem.CallError{Code: "timeout", Fate: tandem.MayHaveRun, Err: errors.New("ran for 1s")})
	o.Kind, o.Exit, o.Signal, o.Start, o.Wall = "timeout", -1, 9, start, 1200*time.Millisecond
	o.Attempts = []tandem.Attempt{
		{Number: 1, Slot: 2, Thread: 1, PID: 77, Start: start, Wall: time.Second, CPU: time.Millisecond, PeakRSS: 4096, Err: errors.New("lost"), Again: true},
		{Number: 2, Slot: 1, PID: 78, Start: start.Add(time.Second), Wall: 200 * time.Millisecond, Err: o.Err},
	}
	line := strings.Split(logOf(t, o), "\n")[1]
	want := `{"event":"end","number":3,"key":"` + fmt.Sprintf("%x", o.Key) + `","status":"failed","input":"` + strings.Repeat("é", 100) +
		`","input_bytes":300,"started":1795280041.047123,"wall_s":1.200000,"signal":9,"kind":"timeout","code":"timeout","fate":"may have run",` +
		`"error":"attempt ran longer than its timeout (call may have run): ran for 1s","attempts":[` +
		`{"attempt":1,"slot":2,"thread":1,"pid":77,"started":1795280041.047123,"wall_s":1.000000,"cpu_s":0.001000,"peak_bytes":4096,"error":"lost"},` +
		`{"attempt":2,"slot":1,"thread":0,"pid":78,"started":1795280042.047123,"wall_s":0.200000,"cpu_s":0.000000,"peak_bytes":0}]}`
	if line != want {
		t.Errorf("got  %s\nwant %s", line, want)
	}
}

func TestRunLineAndSummary(t *testing.T) {
	path := newPath(t, "")
	c := config(path, runlog.New)
	c.Task.File, c.Task.FileDigest, c.CommandLine = "/bin/wc", "abc", []string{"tandem", "map", "<>"}
	log, _, err := runlog.Open(c)
	check(t, err)
	check(t, log.Close(runlog.Summary{Succeeded: 1, Failed: 2, Cut: 3, Skipped: 4, Replayed: 5, Unfinished: 6, Elapsed: time.Second, Status: 130}))
	content, err := os.ReadFile(path)
	check(t, err)
	lines := strings.Split(string(content), "\n")
	host, _ := os.Hostname()
	digest := c.Task.Digest()
	want := fmt.Sprintf(`{"event":"run","version":1,"run":1,"mode":"new","kind":"command","task":"wc -c {}","task_digest":"%x","file":"/bin/wc",`+
		`"file_digest":"abc","command_line":["tandem","map","<>"],"started":"2026-11-21T16:54:01.000000Z","host":%q,"pid":%d,"tandem":"test"}`,
		digest, host, os.Getpid())
	if lines[0] != want {
		t.Errorf("got  %s\nwant %s", lines[0], want)
	}
	if want := `,"elapsed_s":1.000000,"ok":1,"failed":2,"cut":3,"skipped":4,"replayed":5,"unfinished":6,"exit_status":130}`; !strings.HasSuffix(lines[1], want) {
		t.Errorf("got %s", lines[1])
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o644 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
}

// huge is with anything else too much for a line of the log.
var huge = make([]byte, 256<<10)

// TestHeldOutputComesBack: bytes of any kind, and what a failure was.
func TestHeldOutputComesBack(t *testing.T) {
	path := newPath(t, "")
	log, _ := open(t, path, runlog.New)
	start := time.Unix(1795280041, 123_000)
	held := []*outcome.Outcome{
		ended(2, "text", nil), ended(3, "bytes", nil), ended(4, "failed", errors.New("line 1\nline 2")), ended(5, "file", nil),
		ended(6, "large", nil), ended(7, "empty", nil), ended(8, "errors", errors.New("bad")), ended(9, "cut", errors.New("canceled")),
	}
	held[0].Stdout.Bytes, held[0].Stderr.Bytes = []byte("a\"\n\x00\u2028é"), []byte("err")
	held[1].Stdout.Bytes, held[1].Stderr.Bytes = []byte("\xff\x00"), []byte("\xfe")
	held[2].Kind, held[2].Exit, held[2].Signal = "exit status 3", 3, 0
	held[3].Stdout = fileStream(t, "in a file")
	held[4].Stdout.Bytes = huge
	held[4].Stderr.Bytes = []byte{'x'}
	held[5].Exit = -1
	held[6].Stderr.Bytes = append(huge, '!')
	held[7].Stdout.Bytes, held[7].Cut = append(huge, '!'), true
	for _, o := range held {
		o.Start, o.Wall = start, 1500*time.Millisecond
		check(t, log.Held(o))
	}
	check(t, log.Flush(), log.Close(runlog.Summary{}))

	log, notes := open(t, path, runlog.Resume)
	if notes.Finished != 7 || notes.Replays != 7 {
		t.Errorf("notes %+v", notes)
	}
	if got, want := names(t, path+".outputs"), "1-5.stdout 1-6.stderr 1-6.stdout 1-8.stderr"; got != want {
		t.Errorf("kept %s, want %s", got, want)
	}
	for i, o := range held {
		d, err := log.Plan(10+i, record(o.Input))
		check(t, err)
		if o.Cut {
			if d.Action != runlog.Run {
				t.Errorf("what was cut has not finished: %v", d.Action)
			}
			continue
		}
		got := d.Outcome
		if d.Action != runlog.Replay || got.Number != 10+i || got.Key != o.Key || !got.Start.Equal(start) || got.Wall != o.Wall ||
			got.Exit != o.Exit || got.Kind != o.Kind || fmt.Sprint(got.Err) != fmt.Sprint(o.Err) ||
			contents(t, got.Stdout) != contents(t, o.Stdout) || contents(t, got.Stderr) != contents(t, o.Stderr) {
			t.Errorf("held %+v\ngot  %+v", o, got)
		}
		check(t, log.Written(10+i))
		got.Stdout.Close()
		got.Stderr.Close()
	}
	check(t, log.Flush(), log.Close(runlog.Summary{}))
	if got := names(t, path+".outputs"); got != "" {
		t.Errorf("left %s", got)
	}
	log, notes = open(t, path, runlog.Resume)
	if notes.Finished != 7 || notes.Replays != 0 {
		t.Errorf("after they were written: %+v", notes)
	}
	check(t, log.Close(runlog.Summary{}))
}

// names returns what is in a folder; nothing when there is none.
func names(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	var all []string
	for _, entry := range entries {
		all = append(all, entry.Name())
	}
	return strings.Join(all, " ")
}

func fileStream(t *testing.T, text string) outcome.Stream {
	file, err := os.CreateTemp(t.TempDir(), "")
	check(t, err)
	t.Cleanup(func() { file.Close() })
	_, err = file.WriteString(text)
	check(t, err)
	return outcome.Stream{File: file, Size: int64(len(text))}
}

func contents(t *testing.T, s outcome.Stream) string {
	var b bytes.Buffer
	_, err := s.WriteTo(&b)
	check(t, err)
	return b.String()
}

// TestResumeFailed: failures run again, and what they come to then counts.
func TestResumeFailed(t *testing.T) {
	path := newPath(t, "")
	bad := errors.New("bad")
	steps := []struct {
		mode   runlog.Mode
		inputs string
		runs   string // inputs that run, and "!" behind those that fail
	}{
		{runlog.New, "aabbc", "a a! b! b! c"},
		{runlog.Resume, "aabbc", ""},
		{runlog.ResumeFailed, "aabbc", "a b! b"},
		{runlog.Resume, "aabbc", ""},
		{runlog.Resume, "aaabbbc", "a b!"},
		{runlog.ResumeFailed, "cbbbaaa", "b! b"},
		{runlog.ResumeFailed, "cbbbaaa", "b"},
		{runlog.ResumeFailed, "cbbbaaa", ""},
		{runlog.ResumeFailed, "aaaabbbbc", "a! b"},
		{runlog.Resume, "aaaabbbbcc", "c"},
	}
	for i, step := range steps {
		log, _ := open(t, path, step.mode)
		var ran []string
		want := strings.Fields(step.runs)
		for n, text := range strings.Split(step.inputs, "") {
			d, err := log.Plan(n+1, record(text))
			check(t, err)
			if d.Action != runlog.Run {
				continue
			}
			o := ended(n+1, text, nil)
			if k := len(ran); k < len(want) && strings.HasSuffix(want[k], "!") {
				o.Err = bad
				text += "!"
			}
			ran = append(ran, text)
			check(t, log.Ended(o))
		}
		if got := strings.Join(ran, " "); got != step.runs {
			t.Fatalf("step %d ran %q, want %q", i, got, step.runs)
		}
		check(t, log.Flush(), log.Close(runlog.Summary{}))
	}
}

// TestResumeFailedReplaces: the output of a failure that was held and not written
// is not replayed once the call has been repeated.
func TestResumeFailedReplaces(t *testing.T) {
	path := newPath(t, "")
	log, _ := open(t, path, runlog.New)
	check(t, log.Held(ended(2, "a", errors.New("x"))), log.Held(ended(3, "b", errors.New("x"))), log.Held(ended(4, "c", nil)))
	check(t, log.Flush(), log.Close(runlog.Summary{}))
	log, _ = open(t, path, runlog.ResumeFailed)
	for i, want := range []runlog.Action{runlog.Run, runlog.Run, runlog.Replay} {
		if d, err := log.Plan(i+1, record(string("abc"[i]))); err != nil || d.Action != want {
			t.Errorf("%c: %v, %v", "abc"[i], d.Action, err)
		}
	}
	check(t, log.Ended(ended(1, "a", nil)), log.Flush(), log.Close(runlog.Summary{}))
	log, notes := open(t, path, runlog.Resume)
	if notes.Finished != 3 || notes.Replays != 2 {
		t.Errorf("got %+v", notes)
	}
	for i, want := range []runlog.Action{runlog.Skip, runlog.Replay, runlog.Replay} {
		if d, err := log.Plan(i+1, record(string("abc"[i]))); err != nil || d.Action != want {
			t.Errorf("%c: %v, %v", "abc"[i], d.Action, err)
		}
	}
	check(t, log.Close(runlog.Summary{}))
}

func TestTornLines(t *testing.T) {
	whole := logOf(t, ended(1, "a", nil), ended(2, "b", nil))
	lines := strings.SplitAfter(whole, "\n")
	second := lines[1]
	tests := []struct{ name, log, want string }{
		{"not JSON at the end", lines[0] + second + second[:50] + "\n", ""},
		{"no line feed", lines[0] + second + strings.TrimSuffix(second, "\n"), ""},
		{"zeros", lines[0] + second + "\x00\x00\x00\x00", ""},
		{"in the middle", lines[0] + second[:50] + "\n" + second, "log LOG: line 2 is not a whole event of a log: remove it to go on; its call then runs again"},
		{"joined", lines[0] + second[:50] + second + second, "log LOG: line 2 is not a whole event of a log: remove it to go on; its call then runs again"},
		{"no key", lines[0] + `{"event":"end","number":1,"status":"ok"}` + "\n" + second,
			"log LOG: line 2 is not a whole event of a log: want a key of 32 hexadecimal digits, and status ok, failed or cut: remove it to go on; its call then runs again"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			path := newPath(t, test.log)
			if test.want != "" {
				if got := refused(t, config(path, runlog.Resume), false); got != test.want {
					t.Errorf("got  %s\nwant %s", got, test.want)
				}
				return
			}
			log, notes := open(t, path, runlog.Resume)
			check(t, log.Close(runlog.Summary{}))
			if cut := int64(len(test.log) - len(lines[0]+second)); notes.Finished != 1 || notes.Cut != cut {
				t.Errorf("notes %+v, want %d bytes cut", notes, cut)
			}
			content, err := os.ReadFile(path)
			check(t, err)
			if rest, ok := strings.CutPrefix(string(content), lines[0]+second); !ok || !strings.HasPrefix(rest, `{"event":"run","version":1,"run":2,`) {
				t.Errorf("got %s", content)
			}
		})
	}
}

func TestRefused(t *testing.T) {
	log := logOf(t, ended(1, "a", nil))
	header := strings.SplitAfter(log, "\n")[0]
	const foreign = "LOG is not a log of tandem: its first line describes no run"
	tests := []struct {
		name, log string
		mode      runlog.Mode
		want      string
	}{
		{"a log without resume", log, runlog.New,
			"LOG has the log of a run already: --resume continues that run; for a new log give another file, or remove this one"},
		{"another file", "1,2\n", runlog.New, "LOG exists and is not a log of tandem: give --log another file"},
		{"another file to resume", "1,2\n3,4\n", runlog.Resume, foreign},
		{"another file without a line feed", "1,2", runlog.Resume, foreign},
		{"JSON", "{}\n", runlog.Resume, foreign},
		{"no run", strings.TrimPrefix(log, header), runlog.Resume, foreign},
		{"another task", strings.Replace(log, `"task":"wc -c {}","task_digest":"`, `"task":"cat","task_digest":"0`, 1), runlog.Resume,
			"LOG is the log of another task: it has command cat, this run is command wc -c {}; give this one another --log FILE"},
		{"a newer version", strings.Replace(log, `"version":1`, `"version":2`, 1), runlog.Resume,
			"LOG has version 2 of the log: this tandem reads version 1"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			path := newPath(t, test.log)
			if got := refused(t, config(path, test.mode), true); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
			if content, err := os.ReadFile(path); err != nil || string(content) != test.log {
				t.Errorf("the file has been changed: %q, %v", content, err)
			}
		})
	}
}

func TestLogsThatAreNotInTheWay(t *testing.T) {
	cut := ended(1, "a", errors.New("canceled"))
	cut.Cut = true
	for name, log := range map[string]string{"empty": "", "nothing ended": logOf(t), "cut": logOf(t, cut)} {
		t.Run(name, func(t *testing.T) {
			path := newPath(t, log)
			l, notes := open(t, path, runlog.New)
			check(t, l.Close(runlog.Summary{}))
			content, err := os.ReadFile(path)
			check(t, err)
			if notes != (runlog.Notes{}) || bytes.Count(content, []byte("\n")) != 2 {
				t.Errorf("notes %+v, log %s", notes, content)
			}
		})
	}
}

func TestLocked(t *testing.T) {
	path := newPath(t, "")
	log, _ := open(t, path, runlog.New)
	for _, mode := range []runlog.Mode{runlog.New, runlog.Resume} {
		want := fmt.Sprintf("LOG is in use by another tandem (pid %d)", os.Getpid())
		if got := refused(t, config(path, mode), true); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	check(t, log.Close(runlog.Summary{}))
	log, _ = open(t, path, runlog.Resume)
	check(t, log.Close(runlog.Summary{}))
}

func TestFullDiskIsSaidOnce(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip("no /dev/full on this system")
	}
	if got := refused(t, config("/dev/full", runlog.New), false); !strings.HasPrefix(got, "log LOG: no space left on device: the calls from here on") {
		t.Errorf("got %s", got)
	}
	if got := refused(t, config("/dev/full", runlog.Resume), true); got != "LOG is no regular file: there is nothing to resume from" {
		t.Errorf("got %s", got)
	}
}

func TestCloseWritesWhatWasNotFlushed(t *testing.T) {
	path := newPath(t, "")
	log, _ := open(t, path, runlog.New)
	check(t, log.Ended(ended(1, "a", nil)), log.Held(ended(3, "c", nil)), log.Close(runlog.Summary{}))
	log, notes := open(t, path, runlog.Resume)
	check(t, log.Close(runlog.Summary{}))
	if notes.Finished != 2 || notes.Replays != 1 {
		t.Errorf("got %+v", notes)
	}
}

func TestUnknownEventsAndMembersAreLeftOut(t *testing.T) {
	log := logOf(t, ended(1, "a", nil))
	log = strings.Replace(log, `{"event":"end",`, `{"event":"progress","of":[1]}`+"\n"+`{"new":{"x":1},"event":"end",`, 1)
	l, notes := open(t, newPath(t, log), runlog.Resume)
	check(t, l.Close(runlog.Summary{}))
	if notes.Finished != 1 {
		t.Errorf("got %+v", notes)
	}
}

func TestKeys(t *testing.T) {
	fields := func(texts ...string) inputs.Record {
		r := inputs.Record{Whole: []byte(strings.Join(texts, " "))}
		for _, text := range texts {
			r.Fields = append(r.Fields, []byte(text))
		}
		return r
	}
	named := func(names string, texts ...string) inputs.Record {
		r := fields(texts...)
		r.Names = strings.Split(names, ",")
		return r
	}
	other := testTask
	other.Kind = "shell"
	byName := testTask
	byName.ByName = true
	key := func(t runlog.Task, r inputs.Record) outcome.Key { return runlog.NewKeyer(t).Key(r) }

	different := map[outcome.Key]string{}
	for name, k := range map[string]outcome.Key{
		"one":        key(testTask, record("ab c")),
		"other task": key(other, record("ab c")),
		"ab,c":       key(testTask, fields("ab", "c")),
		"a,bc":       key(testTask, fields("a", "bc")),
		"named":      key(testTask, named("x,y", "ab", "c")),
		"renamed":    key(testTask, named("x,z", "ab", "c")),
		"moved":      key(testTask, named("y,x", "c", "ab")),
		"empty":      key(testTask, record("")),
	} {
		if other, ok := different[k]; ok {
			t.Errorf("%s and %s have the same key", name, other)
		}
		different[k] = name
	}
	whole := testTask
	whole.Whole = true
	written := func(text string) inputs.Record {
		r := named("x", "1")
		r.Whole = []byte(text)
		return r
	}
	if key(whole, written(`{"x":1}`)) == key(whole, written(`{"x":"1"}`)) {
		t.Error("what a command sees as {} is not part of the key")
	}
	same := [][2]outcome.Key{
		{key(testTask, written("1")), key(testTask, written(`"1"`))},
		{key(testTask, record("ab")), key(testTask, fields("ab"))},
		{key(byName, named("x,y", "ab", "c")), key(byName, named("y,x", "c", "ab"))},
	}
	for i, pair := range same {
		if pair[0] != pair[1] {
			t.Errorf("pair %d has different keys", i)
		}
	}
}

// FuzzOpen: no file makes Open panic or cuts what is not a log, and what it takes
// can be opened again.
func FuzzOpen(f *testing.F) {
	digest := testTask.Digest()
	header := fmt.Sprintf(`{"event":"run","version":1,"run":1,"mode":"new","kind":"command","task":"wc -c {}","task_digest":"%x"}`+"\n", digest)
	end := `{"event":"end","number":1,"key":"00112233445566778899aabbccddeeff","status":"ok","input":"","attempts":[]}` + "\n"
	held := `{"event":"held","number":2,"key":"00112233445566778899aabbccddeeff","status":"failed","replay":true,"stdout":"x","attempts":[]}` + "\n"
	apart := strings.Replace(held, `"stdout":"x"`, `"output_bytes":3,"stdout_file":"1-2.stdout"`, 1)
	for _, log := range []string{
		"", header, header + end, header + held + `{"event":"written","run":1,"number":2}` + "\n", header + end[:20], "x\n",
		header + apart, header + apart + `{"event":"lost","run":1,"number":2}` + "\n" + end,
	} {
		f.Add([]byte(log))
	}
	path := filepath.Join(f.TempDir(), "log")
	f.Fuzz(func(t *testing.T, log []byte) {
		writeFile(t, path, log)
		l, notes, err := runlog.Open(config(path, runlog.Resume))
		content, readErr := os.ReadFile(path)
		check(t, readErr)
		if err != nil {
			if !bytes.Equal(content, log) {
				t.Fatalf("a log that is not taken was changed: %v", err)
			}
			return
		}
		if !bytes.HasPrefix(content, log[:int64(len(log))-notes.Cut]) {
			t.Fatal("whole lines were changed")
		}
		_, err = l.Plan(1, record("a"))
		check(t, err, l.Close(runlog.Summary{}))
		l, again := open(t, path, runlog.Resume)
		check(t, l.Close(runlog.Summary{}))
		if again.Finished != notes.Finished || again.Cut != 0 {
			t.Fatalf("first %+v, then %+v", notes, again)
		}
	})
}

// BenchmarkOpen reads a log of 100,000 calls.
func BenchmarkOpen(b *testing.B) {
	path := filepath.Join(b.TempDir(), "log")
	log, _, err := runlog.Open(config(path, runlog.New))
	if err != nil {
		b.Fatal(err)
	}
	keyer := runlog.NewKeyer(testTask)
	for i := range 100_000 {
		text := fmt.Sprintf("/data/photos/IMG_%d.jpg", i)
		o := &outcome.Outcome{Number: i + 1, Input: text, Key: keyer.Key(record(text)), Start: time.Now(), Wall: time.Second}
		o.Attempts = []tandem.Attempt{{Number: 1, Slot: 1, PID: 4711, Start: o.Start, Wall: o.Wall, CPU: time.Second, PeakRSS: 1 << 25}}
		_ = log.Ended(o)
	}
	if err := errors.Join(log.Flush(), log.Close(runlog.Summary{})); err != nil {
		b.Fatal(err)
	}
	info, _ := os.Stat(path)
	b.SetBytes(info.Size())
	for b.Loop() {
		l, notes, err := runlog.Open(config(path, runlog.Resume))
		if err != nil || notes.Finished != 100_000 {
			b.Fatal(notes, err)
		}
		_ = l.Close(runlog.Summary{})
	}
}

// BenchmarkEnded is what the log costs a call.
func BenchmarkEnded(b *testing.B) {
	log, _, err := runlog.Open(config(filepath.Join(b.TempDir(), "log"), runlog.New))
	if err != nil {
		b.Fatal(err)
	}
	o := ended(1, "/data/photos/IMG_1.jpg", nil)
	o.Attempts = []tandem.Attempt{{Number: 1, Slot: 1, PID: 4711, Start: time.Now(), Wall: time.Second}}
	in, i := record(o.Input), 0
	for b.Loop() {
		if _, err := log.Plan(1, in); err != nil {
			b.Fatal(err)
		}
		_ = log.Ended(o)
		if i++; i%100 == 0 {
			_ = log.Flush()
		}
	}
	_ = log.Close(runlog.Summary{})
}
