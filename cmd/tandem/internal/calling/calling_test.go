package calling_test

import (
	"strings"
	"testing"

	"github.com/gotandem/tandem/cmd/tandem/internal/arguments"
	"github.com/gotandem/tandem/cmd/tandem/internal/calling"
	"github.com/gotandem/tandem/python"
)

// function returns a signature from parameters as Python has them, with spaces
// between: "a b=" and "/" and "*" as there, "*args" and "**kwargs".
func function(text string) python.Signature {
	s := python.Signature{}
	kind := "any"
	for word := range strings.FieldsSeq(text) {
		name, optional := strings.CutSuffix(word, "=")
		switch {
		case word == "/":
			for i := range s.Parameters {
				s.Parameters[i].Kind = "positional"
			}
		case word == "*":
			kind = "keyword"
		case word == "*args":
			s.Args, kind = true, "keyword"
		case word == "**kwargs":
			s.Kwargs = true
		case word == "yield":
			s.Generator = "generator"
		default:
			s.Parameters = append(s.Parameters, python.Parameter{Name: name, Kind: kind, Optional: optional})
		}
	}
	return s
}

func TestCheck(t *testing.T) {
	names := func(text string) calling.Inputs { return calling.Inputs{Names: strings.Fields(text)} }
	fields := func(n int) calling.Inputs { return calling.Inputs{Fields: n} }
	tests := []struct {
		function, spread string
		in               calling.Inputs
		want             string // empty: it fits
	}{
		{"a", "", calling.Inputs{}, ""},
		{"a b=", "", calling.Inputs{}, ""},
		{"a= b=", "", calling.Inputs{}, ""},
		{"*args", "", calling.Inputs{}, ""},
		{"a /", "", calling.Inputs{}, ""},
		{"a * k=", "", calling.Inputs{}, ""},
		{"a b", "", calling.Inputs{}, "x.py:f takes 2 arguments (a, b), and an input is one: give two sources of inputs (::: ... ::: ...), or a table with the columns a and b (--as csv)"},
		{"a b c", "", calling.Inputs{}, "give three sources of inputs (::: ... ::: ... ::: ...), or a table with the columns a, b and c (--as csv)"},
		{"", "", calling.Inputs{}, "x.py:f takes no argument, and an input is one: give it a parameter"},
		{"* k", "", calling.Inputs{}, "x.py:f takes its arguments by name only: give a table with columns such as k (--as csv)"},
		{"a * k", "", calling.Inputs{}, "x.py:f needs the argument k by name: give a table with the columns a and k (--as csv)"},
		{"a yield", "", calling.Inputs{}, "x.py:f is a generator function, and a result is one value: write a function that returns a list"},
		{"a b", "(*)", fields(2), ""},
		{"a b=", "(*)", fields(1), ""},
		{"a *args", "(*)", fields(5), ""},
		{"a b", "(*)", fields(0), ""},
		{"a", "(*)", fields(2), "x.py:f takes 1 argument (a), and there are 2 sources of inputs: write one ::: before all inputs"},
		{"a b", "(*)", fields(3), "x.py:f takes 2 arguments (a, b), and there are 3 sources of inputs"},
		{"a b c=", "(*)", fields(1), "x.py:f takes 2 to 3 arguments (a, b, c), and there is 1 source of inputs"},
		{"a b *args", "(*)", fields(1), "x.py:f takes at least 2 arguments (a, b)"},
		{"a * k", "(*)", fields(1), "x.py:f needs the argument k by name"},
		{"a", "(*)", calling.Inputs{Fields: 2, Names: []string{"x", "y"}}, "x.py:f takes 1 argument (a), and there are 2 columns"},
		{"", "(*)", fields(2), "x.py:f takes no argument, and there are 2"},
		{"a b", "(**)", names("b a"), ""},
		{"a b=", "(**)", names("a"), ""},
		{"a **kwargs", "(**)", names("a x y"), ""},
		{"a * k", "(**)", names("a k"), ""},
		{"a b", "(**)", calling.Inputs{}, ""},
		{"name age", "(**)", names("nme age"), "x.py:f has no parameter \"nme\": did you mean name?"},
		{"name", "(**)", names("name zip"), "x.py:f has no parameter \"zip\": it takes name"},
		{"a b", "(**)", names("a"), "x.py:f needs b, for which there is no column: the table has a"},
		{"a / b", "(**)", names("a b"), "x.py:f takes a by position only: write 'x.py:f(*)'"},
	}
	for _, test := range tests {
		task := arguments.Task{File: "x.py", Function: "f", Spread: test.spread}
		err := calling.Check(task, function(test.function), test.in)
		if (err != nil) != (test.want != "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("f(%s)%s %+v: %v, want %q", test.function, test.spread, test.in, err, test.want)
		}
	}
}
