package command_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/gotandem/tandem/command"
)

func expand(t *testing.T, args []string, input string) []string {
	t.Helper()
	template, err := command.ParseTemplate(args)
	if err != nil {
		t.Fatal(err)
	}
	args, err = template.Expand(command.Fields{Whole: input}, 7, 2)
	if err != nil {
		t.Fatal(err)
	}
	return args
}

// Each placeholder has GNU parallel's meaning for each kind of name.
func TestTemplatePlaceholders(t *testing.T) {
	tests := []struct{ input, noExtension, base, directory, baseNoExtension string }{
		{"foo.jpg", "foo", "foo.jpg", ".", "foo"},
		{"sub.dir/foo.jpg", "sub.dir/foo", "foo.jpg", "sub.dir", "foo"},
		{"sub.dir/bar", "sub.dir/bar", "bar", "sub.dir", "bar"},
		{"a.tar.gz", "a.tar", "a.tar.gz", ".", "a.tar"},
		{"/foo", "/foo", "foo", "/", "foo"},
		{"/a/b.c", "/a/b", "b.c", "/a", "b"},
		{"a/b/", "a/b/", "", "a", ""},
		{"a//b.c", "a//b", "b.c", "a", "b"},
		{"/", "/", "", "/", ""},
		{"//", "//", "", "/", ""},
		{"//a", "//a", "a", "/", "a"},
		{"", "", "", ".", ""},
		{".", "", ".", ".", ""},
		{"..", ".", "..", ".", "."},
		{"foo.", "foo", "foo.", ".", "foo"},
		{".bashrc", "", ".bashrc", ".", ""},
		{"dir/.x.y", "dir/.x", ".x.y", "dir", ".x"},
		{"./a b'c\"d.e f", "./a b'c\"d", "a b'c\"d.e f", ".", "a b'c\"d"},
		{"-rf.x", "-rf", "-rf.x", ".", "-rf"},
		{"$(rm -rf ~)/`x`.y", "$(rm -rf ~)/`x`", "`x`.y", "$(rm -rf ~)", "`x`"},
		{"two\nlines/of\ntext.t\nx", "two\nlines/of\ntext", "of\ntext.t\nx", "two\nlines", "of\ntext"},
		{"\xff\xfe/\x80.\xc3", "\xff\xfe/\x80", "\x80.\xc3", "\xff\xfe", "\x80"},
		{"{}", "{}", "{}", ".", "{}"},
		{"ä/ö.ü", "ä/ö", "ö.ü", "ä", "ö"},
	}
	for _, test := range tests {
		got := expand(t, []string{"p", "{}", "{.}", "{/}", "{//}", "{/.}", "{#}", "{%}"}, test.input)
		want := []string{"p", test.input, test.noExtension, test.base, test.directory, test.baseNoExtension, "7", "2"}
		if !slices.Equal(got, want) {
			t.Errorf("Expand(%q)\n got %q\nwant %q", test.input, got, want)
		}
	}
}

// Text around placeholders stays, placeholders may repeat, other braces are text,
// and without a placeholder the input comes last.
func TestTemplateShapes(t *testing.T) {
	tests := []struct{ args, want []string }{
		{[]string{"echo"}, []string{"echo", "x.y"}},
		{[]string{"echo", ""}, []string{"echo", "", "x.y"}},
		{[]string{"echo", "{#}"}, []string{"echo", "7"}},
		{[]string{"{}"}, []string{"x.y"}},
		{[]string{"cp", "{}", "{.}.bak"}, []string{"cp", "x.y", "x.bak"}},
		{[]string{"echo", "{}{}-{}"}, []string{"echo", "x.yx.y-x.y"}},
		{[]string{"echo", "{{}}"}, []string{"echo", "{x.y}"}},
		{[]string{"awk", "{print $1}", "{}"}, []string{"awk", "{print $1}", "x.y"}},
		{[]string{"echo", "{", "}", "{ }", "{..}", "{0}", "{+1}", "{1e}", "{-}", "{"}, []string{"echo", "{", "}", "{ }", "{..}", "{0}", "{+1}", "{1e}", "{-}", "{", "x.y"}},
		{[]string{"echo", "{/", "{/}"}, []string{"echo", "{/", "x.y"}},
		{[]string{"echo", "a{#}b{%}c"}, []string{"echo", "a7b2c"}},
	}
	for _, test := range tests {
		if got := expand(t, test.args, "x.y"); !slices.Equal(got, test.want) {
			t.Errorf("Expand of %q = %q, want %q", test.args, got, test.want)
		}
	}
}

// An input may be of any size.
func TestTemplateLargeInput(t *testing.T) {
	got := expand(t, []string{"p", "{.}"}, "foo."+strings.Repeat("x", 10<<20))
	if got[1] != "foo" {
		t.Errorf("{.} has %d bytes, want foo", len(got[1]))
	}
}

func TestTemplateWithoutProgram(t *testing.T) {
	for _, args := range [][]string{nil, {}, {"", "{}"}} {
		if template, err := command.ParseTemplate(args); err == nil || !template.IsZero() {
			t.Errorf("ParseTemplate(%q) = %v, %v, want an error", args, template, err)
		}
	}
}

// An expansion has as many arguments as the template, whatever the input is, and
// the input unchanged in it.
func FuzzTemplate(f *testing.F) {
	f.Add("a{}b", "x y.z")
	f.Add("{/.}{", "a/b.c\n")
	f.Fuzz(func(t *testing.T, arg, input string) {
		template, err := command.ParseTemplate([]string{"p", arg, "{}"})
		if err != nil {
			t.Fatal(err)
		}
		got, err := template.Expand(command.Fields{Whole: input}, 1, 1)
		if err != nil {
			return // {2}
		}
		if len(got) != 3 || got[0] != "p" || got[2] != input {
			t.Errorf("Expand of %q with %q = %q", arg, input, got)
		}
		if !strings.Contains(arg, "{") && got[1] != arg {
			t.Errorf("%q became %q", arg, got[1])
		}
	})
}

// Fields are found by number and name, and "{}" stands for all of them, each an
// argument where it stands alone.
func TestTemplateFields(t *testing.T) {
	several := command.Fields{Whole: "a/b.c d e.f", Values: []string{"a/b.c", "d e.f"}}
	named := command.Fields{Whole: "x.y,2,3", Values: []string{"x.y", "2", "3"}, Names: []string{"name", "a b}c", "1"}}
	csv, lines := command.Parser{Names: named.Names}, command.Parser{AnyName: true}
	tests := []struct {
		parser command.Parser
		in     command.Fields
		args   []string
		want   []string
	}{
		{in: several, args: []string{"p"}, want: []string{"p", "a/b.c", "d e.f"}},
		{in: several, args: []string{"p", "{}", "{}-", "{/.}", "x{/.}"}, want: []string{"p", "a/b.c", "d e.f", "a/b.c d e.f-", "b", "d e", "xb d e"}},
		{in: several, args: []string{"{2}", "{1}", "{-1}", "{-2}"}, want: []string{"d e.f", "a/b.c", "d e.f", "a/b.c"}},
		{in: several, args: []string{"p", "{1.}", "{1/}", "{1//}", "{1/.}", "{-1.}"}, want: []string{"p", "a/b", "b.c", "a", "b", "d e"}},
		{in: several, args: []string{"p", "{name}", "{print $1}", "{1}"}, want: []string{"p", "{name}", "{print $1}", "a/b.c"}},
		{in: command.Fields{Whole: "w.x"}, args: []string{"p", "{1}{-1.}"}, want: []string{"p", "w.xw"}},
		{in: command.Fields{Whole: "", Values: []string{}}, args: []string{"p", "{}", "a{}"}, want: []string{"p", "a"}},
		{parser: csv, in: named, args: []string{"p"}, want: []string{"p", "x.y,2,3"}},
		{parser: csv, in: named, args: []string{"p", "{}", "{name}", "{name.}", "{a b}c}", "{1}", "{3}"}, want: []string{"p", "x.y,2,3", "x.y", "x", "2", "x.y", "3"}},
		{parser: csv, in: named, args: []string{"p", "{other}", "{name"}, want: []string{"p", "{other}", "{name", "x.y,2,3"}},
		{parser: lines, in: named, args: []string{"p", "{name/.}", "{print $1}", "{a b}c}"}, want: []string{"p", "x", "{print $1}", "{a b}c}"}},
		{parser: command.Parser{NumbersOnly: true}, in: named, args: []string{"p", "{}", "{1}-{#}{%}"}, want: []string{"p", "{}", "{1}-72"}},
		{parser: command.Parser{NumbersOnly: true}, in: named, args: []string{"p"}, want: []string{"p"}},
	}
	for _, test := range tests {
		template, err := test.parser.Args(test.args)
		if err != nil {
			t.Errorf("%q: %v", test.args, err)
			continue
		}
		if got, err := template.Expand(test.in, 7, 2); err != nil || !slices.Equal(got, test.want) {
			t.Errorf("Expand of %q = %q, %v, want %q", test.args, got, err, test.want)
		}
		if line, err := template.CommandLine(test.in, 7, 2); err != nil || line != command.Quote(test.want) {
			t.Errorf("CommandLine of %q = %q, %v", test.args, line, err)
		}
	}
}

// A letter in braces is text, also beside fields with names of one letter, unless it
// is nearly the same.
func TestTemplateLetters(t *testing.T) {
	parser := command.Parser{Names: []string{"x", "v"}}
	template, err := parser.Args([]string{"p", "{y}{x}"})
	if err != nil {
		t.Fatal(err)
	}
	in := command.Fields{Whole: "1,2", Values: []string{"1", "2"}, Names: parser.Names}
	if got, err := template.Expand(in, 7, 2); err != nil || !slices.Equal(got, []string{"p", "{y}1"}) {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := parser.Args([]string{"p", "{X}"}); err == nil || !strings.Contains(err.Error(), "did you mean {x}?") {
		t.Errorf("error %v", err)
	}
}

// A field that an input does not have is an error that says what it has, at once
// where that is known.
func TestTemplateMissingFields(t *testing.T) {
	csv := command.Parser{Names: []string{"width", "height"}}
	tests := []struct {
		parser command.Parser
		arg    string
		early  string // the error of Args
		late   string // that of Expand
	}{
		{arg: "{3}", late: "placeholder {3}: the input has 2 fields"},
		{arg: "{-3.}", late: "placeholder {-3.}: the input has 2 fields"},
		{parser: csv, arg: "{3}", early: "placeholder {3}: inputs have 2 fields"},
		{parser: command.Parser{Fields: 2}, arg: "x{3/.}", early: "placeholder {3/.}: inputs have 2 fields"},
		{parser: command.Parser{Fields: 1}, arg: "{-2}", early: "placeholder {-2}: inputs have 1 field"},
		{parser: command.Parser{Fields: 1, AnyName: true}, arg: "{3}", late: "placeholder {3}: the input has 2 fields"},
		{parser: csv, arg: "{widht}", early: "did you mean {width}?"},
		{parser: csv, arg: "x{Height.}", early: "did you mean {height}?"},
		{parser: command.Parser{AnyName: true}, arg: "{hight}", late: `placeholder {hight}: the input has no field "hight": did you mean {height}?`},
		{parser: command.Parser{AnyName: true}, arg: "{colour}", late: "it has width, height"},
	}
	in := command.Fields{Whole: "1,2", Values: []string{"1", "2"}, Names: []string{"width", "height"}}
	for _, test := range tests {
		template, err := test.parser.Args([]string{"p", test.arg})
		if test.early != "" {
			if err == nil || !strings.Contains(err.Error(), test.early) {
				t.Errorf("%s: error %v, want %q", test.arg, err, test.early)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", test.arg, err)
			continue
		}
		if _, err = template.Expand(in, 1, 1); err == nil || !strings.Contains(err.Error(), test.late) {
			t.Errorf("%s: error %v, want %q", test.arg, err, test.late)
		}
	}
}

// The program is known unless it depends on the input.
func TestTemplateProgram(t *testing.T) {
	for arg, want := range map[string]string{"gzip": "gzip", "{}": "", "x{#}": "", "{": "{"} {
		template, err := command.ParseTemplate([]string{arg})
		if err != nil {
			t.Fatal(err)
		}
		if name, fixed := template.Program(); name != want || fixed != (want != "") {
			t.Errorf("%s: program %q, %v", arg, name, fixed)
		}
	}
	if _, fixed := (command.Template{}).Program(); fixed {
		t.Error("the zero Template has a program")
	}
}
