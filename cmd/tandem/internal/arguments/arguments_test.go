package arguments_test

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/gotandem/tandem/cmd/tandem/internal/arguments"
)

func TestParse(t *testing.T) {
	file := arguments.Task{File: "a.py", Function: "f"}
	tests := map[string]struct {
		args   []string
		dashed bool
		want   arguments.Line
	}{
		"task, lines":          {args: []string{"a.py:f"}, want: arguments.Line{Task: file}},
		"task, inputs":         {args: []string{"a.py:f", ":::", "1", "-x"}, want: arguments.Line{Task: file, Sources: lists([]string{"1", "-x"})}},
		"task, no inputs":      {args: []string{"a.py:f", ":::"}, want: arguments.Line{Task: file, Sources: lists([]string{})}},
		"inputs may be dashes": {args: []string{"a.py:f", ":::", "--", ""}, want: arguments.Line{Task: file, Sources: lists([]string{"--", ""})}},
		"command, lines":       {args: []string{"wc", "-l"}, dashed: true, want: arguments.Line{Command: []string{"wc", "-l"}}},
		"command, inputs":      {args: []string{"echo", "--", "{}", ":::", "a"}, dashed: true, want: arguments.Line{Command: []string{"echo", "--", "{}"}, Sources: lists([]string{"a"})}},
		"two lists":            {args: []string{"a.py:f", ":::", "1", "2", ":::", "3"}, want: arguments.Line{Task: file, Sources: lists([]string{"1", "2"}, []string{"3"})}},
		"linked": {args: []string{"a.py:f", ":::", "1", ":::+", "2", ":::", "3"}, want: arguments.Line{Task: file,
			Sources: []arguments.Source{{Inputs: []string{"1"}}, {Inputs: []string{"2"}, Linked: true}, {Inputs: []string{"3"}}}}},
		"files": {args: []string{"a.py:f", "::::", "x", "-", "::::+", "y", "z", ":::", "1"}, want: arguments.Line{Task: file,
			Sources: []arguments.Source{{File: "x"}, {File: "-"}, {File: "y", Linked: true}, {File: "z", Linked: true}, {Inputs: []string{"1"}}}}},
		"linked to a flag":          {args: []string{"a.py:f", ":::+", "1"}, want: arguments.Line{Task: file, Sources: []arguments.Source{{Inputs: []string{"1"}, Linked: true}}}},
		"nothing between":           {args: []string{"echo", ":::", ":::+"}, dashed: true, want: arguments.Line{Command: []string{"echo"}, Sources: []arguments.Source{{Inputs: []string{}}, {Inputs: []string{}, Linked: true}}}},
		"spread":                    {args: []string{"a.py:f(**)"}, want: arguments.Line{Task: arguments.Task{File: "a.py", Function: "f", Spread: arguments.Keywords}}},
		"command that looks a task": {args: []string{"a.py:f"}, dashed: true, want: arguments.Line{Command: []string{"a.py:f"}}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := arguments.Parse(test.args, test.dashed)
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, test.want) {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
		})
	}
}

// lists returns sources that are lists.
func lists(inputs ...[]string) []arguments.Source {
	var sources []arguments.Source
	for _, list := range inputs {
		sources = append(sources, arguments.Source{Inputs: list})
	}
	return sources
}

func TestParseRefuses(t *testing.T) {
	tests := map[string]struct {
		args   []string
		dashed bool
		want   string // part of the text
	}{
		"nothing":              {nil, false, "no task"},
		"only inputs":          {[]string{":::", "1"}, false, "no task"},
		"no command":           {nil, true, "no command after --"},
		"no command, inputs":   {[]string{":::", "1"}, true, "no command after --"},
		"empty command":        {[]string{""}, true, "is empty"},
		"no file":              {[]string{"a.py:f", "::::"}, false, "no file after ::::"},
		"no linked file":       {[]string{"a.py:f", ":::", "1", "::::+", ":::", "2"}, false, "no file after ::::+"},
		"empty file":           {[]string{"a.py:f", "::::", "x", ""}, false, "file 2 after :::: is empty"},
		"call":                 {[]string{"a.py:f(1)"}, false, "(*) behind a name"},
		"flag after task":      {[]string{"a.py:f", "-p", "2"}, false, `"-p" after the task`},
		"dashes after task":    {[]string{"a.py:f", "--", "echo"}, false, "-- after the task"},
		"input without :::":    {[]string{"a.py:f", "1"}, false, "write ::: before the inputs"},
		"command without --":   {[]string{"echo", "{}"}, false, "tandem map -- echo {}"},
		"file without name":    {[]string{"a.py"}, false, "a.py:FUNCTION"},
		"file, then name":      {[]string{"a.py", "f"}, false, "write a.py:f"},
		"line for a shell":     {[]string{"a | b"}, false, "tandem map --shell -- 'a | b'"},
		"words with spaces":    {[]string{"cp", "a b", "{}"}, false, "tandem map -- cp 'a b' {}"},
		"program without dash": {[]string{"gzip"}, false, "tandem map -- gzip"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := arguments.Parse(test.args, test.dashed)
			if _, ok := errors.AsType[*arguments.UsageError](err); !ok || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want a usage error with %q", err, test.want)
			}
		})
	}
}

func TestParseTask(t *testing.T) {
	tests := map[string]arguments.Task{
		"a.py:f":             {File: "a.py", Function: "f"},
		"dir/a.py:C.m":       {File: "dir/a.py", Function: "C.m"},
		`C:\dir\a.py:f`:      {File: `C:\dir\a.py`, Function: "f"},
		"dir/script:f":       {File: "dir/script", Function: "f"},
		"json:loads":         {Module: "json", Function: "loads"},
		"os.path:basename":   {Module: "os.path", Function: "basename"},
		"größe.py:löschen_2": {File: "größe.py", Function: "löschen_2"},
		"a.py:f(*)":          {File: "a.py", Function: "f", Spread: "(*)"},
		"m:C.f(**)":          {Module: "m", Function: "C.f", Spread: "(**)"},
		"weird name.py:_f9":  {File: "weird name.py", Function: "_f9"},
	}
	for text, want := range tests {
		got, err := arguments.ParseTask(text)
		if err != nil || got != want {
			t.Errorf("ParseTask(%q) = %+v, %v, want %+v", text, got, err, want)
		}
		if got.String() != text {
			t.Errorf("ParseTask(%q).String() = %q", text, got.String())
		}
	}
	for _, text := range []string{"", "f", ":f", "a.py:", "a.py:1f", "a.py:f()", "a.py:f(***)", "a.py:(*)", "a.py(*)", "a.py:f(*)(*)", "a b:f", "a..b:f", "-x", "http://host:80", "a.py:f."} {
		if got, err := arguments.ParseTask(text); err == nil {
			t.Errorf("ParseTask(%q) = %+v, want an error", text, got)
		}
	}
}

// dropRepeated leaves out a separator of files that is the same as the one before.
func dropRepeated(args []string) []string {
	var kept []string
	last := ""
	for _, arg := range args {
		switch arg {
		case "::::", "::::+":
			if arg == last {
				continue
			}
			last = arg
		case ":::", ":::+":
			last = arg
		}
		kept = append(kept, arg)
	}
	return kept
}

// Whatever the line, Parse answers with a task or a command and never both,
// sources are what follows the first separator, and a refusal says something.
func FuzzParse(f *testing.F) {
	f.Add("a.py:f\x00:::\x001", false)
	f.Add("echo\x00{}\x00:::\x00a\x00b", true)
	f.Add(":::\x00:::", true)
	f.Add("a.py:f(*)\x00::::\x00x\x00y\x00::::+\x00-\x00:::+\x001", false)
	f.Fuzz(func(t *testing.T, joined string, dashed bool) {
		args := strings.Split(joined, "\x00")
		line, err := arguments.Parse(args, dashed)
		if err != nil {
			if _, ok := errors.AsType[*arguments.UsageError](err); !ok || err.Error() == "" {
				t.Fatalf("error %#v", err)
			}
			return
		}
		if (line.Command != nil) != dashed || (line.Task != arguments.Task{}) == dashed {
			t.Fatalf("dashed %v: %+v", dashed, line)
		}
		words := line.Command
		if !dashed {
			words = []string{line.Task.String()}
		}
		again := slices.Clone(words)
		for at, source := range line.Sources {
			if files := at > 0 && source.File != "" && line.Sources[at-1].File != ""; !files || source.Linked != line.Sources[at-1].Linked {
				again = append(again, source.Separator())
			}
			if again = append(again, source.Inputs...); source.File != "" {
				again = append(again, source.File)
			}
		}
		// Files after one separator and after several mean the same.
		args = dropRepeated(args)
		if !slices.Equal(again, args) {
			t.Fatalf("parsed %q as %q", args, again)
		}
	})
}
