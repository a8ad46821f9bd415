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
	return template.Expand(input, 7, 2)
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
		{".", ".", ".", ".", "."},
		{"..", "..", "..", ".", ".."},
		{"foo.", "foo.", "foo.", ".", "foo."},
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
		{[]string{"echo", "{", "}", "{ }", "{..}", "{1}", "{"}, []string{"echo", "{", "}", "{ }", "{..}", "{1}", "{", "x.y"}},
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
		got := template.Expand(input, 1, 1)
		if len(got) != 3 || got[0] != "p" || got[2] != input {
			t.Errorf("Expand of %q with %q = %q", arg, input, got)
		}
		if !strings.Contains(arg, "{") && got[1] != arg {
			t.Errorf("%q became %q", arg, got[1])
		}
	})
}
